package mortise

import (
	"encoding/base64"
	"fmt"
	"math"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	segmentLimit = 64 << 10 // longer parts go into shared memory
	inlineBytes  = 256      // shorter bytes travel as base64 in the header
	placeWidth   = 20       // digits left free for a number that is known later
)

// outgoing is one message on its way out: its JSON text, and the binary parts beside it. Long parts wait for one region of
// shared memory that `finish` asks for; their places in the text are filled in then. What the plugin made in such a region
// itself, and what it hands back as it came with the call, is not copied.
type outgoing struct {
	text     []byte
	segments [][]byte
	regions  []buffer // writable memory of the open call
	size     int
	values   int
	waiting  []waiting
	compact  bool   // the text begins with room for a prefix and a compact head
	form     byte   // of the value behind a compact head
	room     []byte // to be written into first
}

type waiting struct {
	data buffer
	at   int // in the text, where "arena" and "offset" are filled in
}

// encode appends a value; the path of an error begins with root.
func (o *outgoing) encode(value any, root string) error {
	if problem := o.value(value, 1); problem != nil {
		return problem.error(root)
	}
	return nil
}

func (o *outgoing) raw(text string) { o.text = append(o.text, text...) }

func (o *outgoing) value(value any, level int) *odd {
	switch value := value.(type) {
	case nil:
		o.raw("null")
	case bool:
		o.text = strconv.AppendBool(o.text, value)
	case int64:
		o.text = strconv.AppendInt(o.text, value, 10)
	case int:
		o.text = strconv.AppendInt(o.text, int64(value), 10)
	case float64:
		o.text = appendFloat(o.text, value)
	case string:
		return o.string(value)
	case []byte:
		o.bytes(value)
	case time.Time:
		if !inRange(value) {
			return oddly("the time %s is beyond the years 1677 to 2262", value)
		}
		o.raw(`{"$time":"` + formatTime(value) + `"}`)
	case []any:
		return o.list(len(value), func(index int) any { return value[index] }, level)
	case *Map:
		return o.mapping(value.Len(), func(index int) (string, any) {
			return value.keys[index], value.values[value.keys[index]]
		}, level)
	case map[string]any:
		entries := entriesOf(value)
		return o.mapping(len(entries), func(index int) (string, any) { return entries[index].key, entries[index].value }, level)
	case *Tensor:
		if value == nil {
			o.raw("null")
			return nil
		}
		o.tensor(value)
	case *Table:
		if value == nil {
			o.raw("null")
			return nil
		}
		return o.table(value)
	default:
		return o.other(value, level)
	}
	return nil
}

func (o *outgoing) string(text string) *odd {
	if !utf8.ValidString(text) {
		problem := oddly("a text that is not UTF-8: %.40q", text)
		problem.hint = "hand it over as []byte"
		return problem
	}
	o.text = appendText(o.text, text)
	return nil
}

func (o *outgoing) enter(items, level int) *odd {
	if items > 0 && level >= maxDepth {
		return tooDeep()
	}
	if o.values += items; o.values > maxValues {
		return tooMany()
	}
	return nil
}

func (o *outgoing) list(count int, item func(int) any, level int) *odd {
	if problem := o.enter(count, level); problem != nil {
		return problem
	}
	o.raw("[")
	for index := 0; index < count; index++ {
		if index > 0 {
			o.raw(",")
		}
		if problem := o.value(item(index), level+1); problem != nil {
			return problem.within("[" + strconv.Itoa(index) + "]")
		}
	}
	o.raw("]")
	return nil
}

func (o *outgoing) mapping(count int, entry func(int) (string, any), level int) *odd {
	if problem := o.enter(count, level); problem != nil {
		return problem
	}
	tagged := false
	for index := 0; index < count; index++ {
		key, _ := entry(index)
		tagged = tagged || strings.HasPrefix(key, "$")
	}
	marks := [4]string{"{", "", ":", "}"}
	if tagged {
		marks = [4]string{`{"$map":[`, "[", ",", "]}"}
	}
	o.raw(marks[0])
	for index := 0; index < count; index++ {
		key, value := entry(index)
		if index > 0 {
			o.raw(",")
		}
		o.raw(marks[1])
		if problem := o.string(key); problem != nil {
			return problem.within(" (a key)")
		}
		o.raw(marks[2])
		if problem := o.value(value, level+1); problem != nil {
			return problem.within("." + key)
		}
		if tagged {
			o.raw("]")
		}
	}
	o.raw(marks[3])
	return nil
}

// other is what Go has more kinds of: numbers of every width, slices, maps, structs, pointers to any of them.
func (o *outgoing) other(value any, level int) *odd {
	of := reflect.ValueOf(value)
	switch of.Kind() {
	case reflect.Pointer, reflect.Interface:
		if of.IsNil() {
			o.raw("null")
			return nil
		}
		return o.value(of.Elem().Interface(), level)
	case reflect.Slice, reflect.Array:
		if of.Type().Elem().Kind() == reflect.Uint8 && of.Kind() == reflect.Slice {
			o.bytes(of.Bytes())
			return nil
		}
		return o.list(of.Len(), func(index int) any { return of.Index(index).Interface() }, level)
	case reflect.Map:
		return o.otherMap(of, level)
	case reflect.Struct:
		return o.value(fieldsOf(of), level)
	}
	plain, problem := plainCell(value)
	if number, isLarge := plain.(uint64); isLarge {
		return oddly("%d is beyond int64 (at most %d)", number, int64(math.MaxInt64))
	}
	if problem != nil {
		told := oddly("a %T cannot cross", value)
		told.hint = "hand over nil, bool, numbers, string, []byte, time.Time, slices, maps, structs, Tensor or Table"
		return told
	}
	return o.value(plain, level)
}

func (o *outgoing) otherMap(of reflect.Value, level int) *odd {
	if of.Type().Key().Kind() != reflect.String {
		return oddly("a map has texts for keys; this one has %s", of.Type().Key())
	}
	keys := of.MapKeys()
	sort.Slice(keys, func(a, b int) bool { return keys[a].String() < keys[b].String() })
	return o.mapping(len(keys), func(index int) (string, any) {
		return keys[index].String(), of.MapIndex(keys[index]).Interface()
	}, level)
}

// fieldsOf is a struct as a map: exported fields under their names, or those that a `json` tag gives.
func fieldsOf(of reflect.Value) *Map {
	made := NewMap()
	for index := 0; index < of.NumField(); index++ {
		field := of.Type().Field(index)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if !field.IsExported() || name == "-" || (strings.Contains(options, "omitempty") && of.Field(index).IsZero()) {
			continue
		}
		if name == "" {
			name = field.Name
		}
		made.Set(name, of.Field(index).Interface())
	}
	return made
}

func (o *outgoing) bytes(data []byte) {
	if len(data) <= inlineBytes {
		o.raw(`{"$bytes":"` + base64.StdEncoding.EncodeToString(data) + `"}`)
		return
	}
	o.raw(`{"$bytes":`)
	o.place(ownBuffer(data))
	o.raw("}")
}

func (o *outgoing) place(data buffer) {
	size := data.size()
	if data.handedOn() && data.offset%alignment == 0 {
		o.raw(fmt.Sprintf(`{"arena":%d,"offset":%d,"size":%d}`, data.arena.id, data.offset, size))
		return
	}
	if size <= segmentLimit && o.size+size <= maxSegments {
		o.raw(fmt.Sprintf(`{"segment":%d}`, len(o.segments)))
		o.segments = append(o.segments, data.bytes())
		o.size += size
		return
	}
	for index := range o.regions {
		region := &o.regions[index]
		if offset := data.within(region); offset >= 0 && offset%alignment == 0 {
			o.raw(fmt.Sprintf(`{"arena":%d,"offset":%d,"size":%d}`, region.arena.id, offset, size))
			return
		}
	}
	o.raw(`{"arena":`)
	o.waiting = append(o.waiting, waiting{data, len(o.text)})
	o.raw(fmt.Sprintf(`%*s,"offset":%*s,"size":%d}`, placeWidth, "", placeWidth, "", size))
}

// finish moves what is long into shared memory. `allocate` asks the host for a region.
func (o *outgoing) finish(allocate func(size int) (buffer, error)) error {
	if len(o.waiting) == 0 {
		return nil
	}
	total := 0
	for index := range o.waiting {
		total += aligned(o.waiting[index].data.size())
	}
	region, err := allocate(total)
	if err != nil {
		return err
	}
	at := 0
	for index := range o.waiting {
		one := &o.waiting[index]
		copy(region.data[at:], one.data.bytes())
		region.count(one.data.size())
		o.fill(one.at, region.arena.id)
		o.fill(one.at+placeWidth+len(`,"offset":`), region.offset+int64(at))
		at += aligned(one.data.size())
	}
	o.waiting = nil
	return nil
}

// fill writes a number where room was left for it.
func (o *outgoing) fill(at int, number int64) {
	copy(o.text[at:], strconv.FormatInt(number, 10))
}

func aligned(size int) int { return (size + alignment - 1) / alignment * alignment }

func (o *outgoing) tensor(tensor *Tensor) {
	o.raw(`{"$tensor":{"dtype":"` + tensor.DType + `","shape":[`)
	for axis, extent := range tensor.Shape {
		if axis > 0 {
			o.raw(",")
		}
		o.text = strconv.AppendInt(o.text, int64(extent), 10)
	}
	o.raw(`],"data":`)
	o.place(tensor.data)
	o.raw("}}")
}

func (o *outgoing) table(table *Table) *odd {
	o.raw(fmt.Sprintf(`{"$table":{"rows":%d,"columns":`, table.rows))
	if problem := o.columns(table.columns); problem != nil {
		return problem
	}
	o.raw("}}")
	return nil
}

func (o *outgoing) columns(columns []*Column) *odd {
	o.raw("[")
	for index, column := range columns {
		if index > 0 {
			o.raw(",")
		}
		if problem := o.column(column); problem != nil {
			return problem
		}
	}
	o.raw("]")
	return nil
}

func (o *outgoing) column(column *Column) *odd {
	o.raw(`{"name":`)
	if problem := o.string(column.Name); problem != nil {
		return problem
	}
	o.raw(`,"format":`)
	if problem := o.string(column.Format); problem != nil {
		return problem
	}
	o.raw(fmt.Sprintf(`,"length":%d,"null_count":%d,"buffers":[`, column.length, column.nullCount))
	for index := range column.buffers {
		if index > 0 {
			o.raw(",")
		}
		if column.buffers[index].size() == 0 || (index == 0 && column.nullCount == 0) {
			o.raw("null")
		} else {
			o.place(column.buffers[index])
		}
	}
	o.raw("]")
	if !column.Nullable {
		o.raw(`,"nullable":false`)
	}
	return o.columnRest(column)
}

func (o *outgoing) columnRest(column *Column) *odd {
	if len(column.Children) > 0 {
		o.raw(`,"children":`)
		if problem := o.columns(column.Children); problem != nil {
			return problem
		}
	}
	if column.Dictionary != nil {
		o.raw(`,"dictionary":`)
		if problem := o.column(column.Dictionary); problem != nil {
			return problem
		}
	}
	if len(column.Metadata) > 0 {
		o.raw(`,"metadata":{`)
		for index, key := range sortedKeys(column.Metadata) {
			if index > 0 {
				o.raw(",")
			}
			if problem := o.string(key); problem != nil {
				return problem
			}
			o.raw(":")
			if problem := o.string(column.Metadata[key]); problem != nil {
				return problem
			}
		}
		o.raw("}")
	}
	o.raw("}")
	return nil
}
