package mortise

import (
	"encoding/binary"
	"math"
	"reflect"
	"time"
)

// Col is NewColumn for data whose type is known to fit: slices of numbers, bool, string, []byte, time.Time. It panics on
// what NewColumn refuses.
func Col(name string, data any) *Column {
	column, err := NewColumn(name, data)
	if err != nil {
		panic(err)
	}
	return column
}

// NewColumn makes a column of a slice: numbers lie in place, without a copy; bool, string, []byte and time.Time are laid
// out; []any holds values of one kind and nil for null (integers and floats together become floats); a *Column is renamed.
func NewColumn(name string, data any) (*Column, error) {
	switch data := data.(type) {
	case *Column:
		return data.renamed(name), nil
	case []int8:
		return fixedColumn(name, "c", data), nil
	case []uint8:
		return fixedColumn(name, "C", data), nil
	case []int16:
		return fixedColumn(name, "s", data), nil
	case []uint16:
		return fixedColumn(name, "S", data), nil
	case []int32:
		return fixedColumn(name, "i", data), nil
	case []uint32:
		return fixedColumn(name, "I", data), nil
	case []int64:
		return fixedColumn(name, "l", data), nil
	case []uint64:
		return fixedColumn(name, "L", data), nil
	case []float32:
		return fixedColumn(name, "f", data), nil
	case []float64:
		return fixedColumn(name, "g", data), nil
	}
	cells := reflect.ValueOf(data)
	if cells.Kind() != reflect.Slice {
		return nil, Invalid("column '%s': a %T is no slice", name, data)
	}
	plain := make([]any, cells.Len())
	for index := range plain {
		value, err := plainCell(cells.Index(index).Interface())
		if err != nil {
			return nil, Invalid("column '%s', row %d: %s", name, index, err.Message)
		}
		plain[index] = value
	}
	return columnOfCells(name, plain)
}

func fixedColumn[T fixedWidth](name, format string, data []T) *Column {
	return &Column{
		Name: name, Format: format, Nullable: true, length: len(data), layout: layouts[format], verified: true,
		buffers: []buffer{{}, ownBuffer(asBytes(data))},
	}
}

// plainCell is one of nil, bool, int64, uint64, float64, string, []byte, time.Time.
func plainCell(value any) (any, *Error) {
	switch value := value.(type) {
	case nil, bool, int64, float64, string, []byte, time.Time:
		return value, nil
	}
	of := reflect.ValueOf(value)
	switch of.Kind() {
	case reflect.Bool:
		return of.Bool(), nil
	case reflect.String:
		return of.String(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return of.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if number := of.Uint(); number > math.MaxInt64 {
			return number, nil
		}
		return int64(of.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return of.Float(), nil
	}
	return nil, Invalid("a %T is no cell of a table", value).WithHint("numbers, bool, string, []byte, time.Time, or nil")
}

func columnOfCells(name string, cells []any) (*Column, error) {
	var first any
	floats, large := false, false
	for _, cell := range cells {
		if first == nil {
			first = cell
		}
		_, isFloat := cell.(float64)
		_, isLarge := cell.(uint64)
		floats, large = floats || isFloat, large || isLarge
	}
	switch first.(type) {
	case nil:
		return &Column{
			Name: name, Format: "n", Nullable: true, length: len(cells), nullCount: len(cells), layout: layouts["n"],
			verified: true,
		}, nil
	case bool:
		return bitsColumn(name, cells)
	case string, []byte:
		return textColumn(name, cells, first)
	case time.Time:
		return numbersColumn(name, "tsn:UTC", cells, func(cell any) (uint64, bool) {
			moment, ok := cell.(time.Time)
			return uint64(moment.UnixNano()), ok && inRange(moment)
		})
	}
	if floats {
		return numbersColumn(name, "g", cells, floatBits)
	}
	if large {
		return numbersColumn(name, "L", cells, unsignedBits)
	}
	return numbersColumn(name, "l", cells, func(cell any) (uint64, bool) {
		number, ok := cell.(int64)
		return uint64(number), ok
	})
}

func floatBits(cell any) (uint64, bool) {
	switch cell := cell.(type) {
	case float64:
		return math.Float64bits(cell), true
	case int64:
		return math.Float64bits(float64(cell)), true
	case uint64:
		return math.Float64bits(float64(cell)), true
	}
	return 0, false
}

func unsignedBits(cell any) (uint64, bool) {
	switch cell := cell.(type) {
	case uint64:
		return cell, true
	case int64:
		return uint64(cell), cell >= 0
	}
	return 0, false
}

func started(name, format string, cells []any) (*Column, []byte) {
	layout, _ := layoutOf(format)
	column := &Column{Name: name, Format: format, Nullable: true, length: len(cells), layout: layout, verified: true}
	var validity []byte
	for row, cell := range cells {
		if cell != nil {
			continue
		}
		if validity == nil {
			validity = make([]byte, (len(cells)+7)/8)
			for at := range cells {
				validity[at>>3] |= 1 << (at & 7)
			}
		}
		validity[row>>3] &^= 1 << (row & 7)
		column.nullCount++
	}
	return column, validity
}

func numbersColumn(name, format string, cells []any, bitsOf func(any) (uint64, bool)) (*Column, error) {
	column, validity := started(name, format, cells)
	data := make([]byte, 8*len(cells))
	for row, cell := range cells {
		if cell == nil {
			continue
		}
		number, ok := bitsOf(cell)
		if !ok {
			return nil, column.bad("row %d is %s among others of another kind, or beyond its range", row, kindOf(cell))
		}
		binary.LittleEndian.PutUint64(data[row*8:], number)
	}
	column.buffers = []buffer{ownBuffer(validity), ownBuffer(data)}
	return column, nil
}

func bitsColumn(name string, cells []any) (*Column, error) {
	column, validity := started(name, "b", cells)
	data := make([]byte, (len(cells)+7)/8)
	for row, cell := range cells {
		switch cell := cell.(type) {
		case nil:
		case bool:
			if cell {
				data[row>>3] |= 1 << (row & 7)
			}
		default:
			return nil, column.bad("row %d is %s among bools", row, kindOf(cell))
		}
	}
	column.buffers = []buffer{ownBuffer(validity), ownBuffer(data)}
	return column, nil
}

// textColumn lays texts (or bytes) out with 32-bit offsets, with 64-bit ones beyond 2 GiB.
func textColumn(name string, cells []any, first any) (*Column, error) {
	total := 0
	_, isText := first.(string)
	format := "z"
	if isText {
		format = "u"
	}
	for row, cell := range cells {
		text, okText := cell.(string)
		raw, okBytes := cell.([]byte)
		if cell != nil && (isText && !okText || !isText && !okBytes) {
			return nil, Invalid("column '%s': row %d is %s among others of another kind", name, row, kindOf(cell))
		}
		total += len(text) + len(raw)
	}
	width := 4
	if total > math.MaxInt32 {
		format, width = map[string]string{"u": "U", "z": "Z"}[format], 8
	}
	column, validity := started(name, format, cells)
	offsets := make([]byte, width*(len(cells)+1))
	data := make([]byte, 0, total)
	for row, cell := range cells {
		switch cell := cell.(type) {
		case string:
			data = append(data, cell...)
		case []byte:
			data = append(data, cell...)
		}
		if width == 4 {
			binary.LittleEndian.PutUint32(offsets[(row+1)*4:], uint32(len(data)))
		} else {
			binary.LittleEndian.PutUint64(offsets[(row+1)*8:], uint64(len(data)))
		}
	}
	column.buffers = []buffer{ownBuffer(validity), ownBuffer(offsets), ownBuffer(data)}
	return column, nil
}
