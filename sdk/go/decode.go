package mortise

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// incoming is where the binary parts of one message are, and how many values it held so far. Nothing in it is believed.
type incoming struct {
	segments [][]byte
	arenas   *arenas
	values   int
}

// odd is what is wrong with a value; the path grows on the way out, innermost part first.
type odd struct {
	code    Code
	message string
	hint    string
	path    []string
}

func oddly(format string, arguments ...any) *odd {
	return &odd{code: CodeInvalid, message: fmt.Sprintf(format, arguments...)}
}

func oddError(err error) *odd {
	told := explain(err)
	return &odd{code: told.Code, message: told.Message, hint: told.Hint}
}

func (o *odd) within(part string) *odd {
	o.path = append(o.path, part)
	return o
}

func (o *odd) error(root string) *Error {
	var where strings.Builder
	where.WriteString(root)
	for index := len(o.path) - 1; index >= 0; index-- {
		where.WriteString(o.path[index])
	}
	path := strings.TrimPrefix(where.String(), ".")
	if len(path) > 300 {
		path = path[:150] + " ... " + path[len(path)-100:]
	}
	if path == "" {
		return &Error{Code: o.code, Message: o.message, Hint: o.hint}
	}
	return (&Error{Code: o.code, Message: path + ": " + o.message, Hint: o.hint}).With("path", cleanText(path))
}

func tooDeep() *odd { return oddly("values nest at most %d levels", maxDepth) }

func tooMany() *odd {
	problem := oddly("a message holds at most %d values", maxValues)
	problem.hint = "hand over a Table or a Tensor"
	return problem
}

// decode makes a value of a node; the path of an error begins with root.
func (in *incoming) decode(node any, root string) (any, error) {
	value, problem := in.value(node, 1)
	if problem != nil {
		return nil, problem.error(root)
	}
	return value, nil
}

func (in *incoming) value(node any, level int) (any, *odd) {
	switch node := node.(type) {
	case number:
		return numberOf(node)
	case []any:
		return in.list(node, level)
	case *objectNode:
		return in.object(node, level)
	}
	return node, nil
}

func numberOf(node number) (any, *odd) {
	if node.isInteger() {
		value, fits := node.integer()
		if !fits {
			return nil, oddly("%.60s is beyond int64", string(node))
		}
		return value, nil
	}
	value, err := strconv.ParseFloat(string(node), 64)
	if err != nil {
		return nil, oddly("%.60s is beyond float64", string(node))
	}
	return value, nil
}

func (in *incoming) enter(items, level int) *odd {
	if items > 0 && level >= maxDepth {
		return tooDeep()
	}
	if in.values += items; in.values > maxValues {
		return tooMany()
	}
	return nil
}

func (in *incoming) list(node []any, level int) (any, *odd) {
	if problem := in.enter(len(node), level); problem != nil {
		return nil, problem
	}
	for index, item := range node {
		value, problem := in.value(item, level+1)
		if problem != nil {
			return nil, problem.within("[" + strconv.Itoa(index) + "]")
		}
		node[index] = value
	}
	return node, nil
}

func (in *incoming) object(node *objectNode, level int) (any, *odd) {
	if node.broken {
		return nil, oddly("the key '%.80s' is there twice", node.twice)
	}
	for _, key := range node.keys {
		if strings.HasPrefix(key, "$") {
			if len(node.keys) != 1 {
				return nil, oddly("'%.80s' is neither a map nor a known tag", key)
			}
			return in.tagged(key, node.values[0], level)
		}
	}
	if problem := in.enter(len(node.keys), level); problem != nil {
		return nil, problem
	}
	made := &Map{keys: node.keys, values: make(map[string]any, len(node.keys))}
	for index, key := range node.keys {
		value, problem := in.value(node.values[index], level+1)
		if problem != nil {
			return nil, problem.within("." + key)
		}
		made.values[key] = value
	}
	return made, nil
}

func (in *incoming) tagged(tag string, content any, level int) (any, *odd) {
	switch tag {
	case "$int64":
		return taggedInteger(content)
	case "$float64":
		return taggedFloat(content)
	case "$bytes":
		return in.taggedBytes(content)
	case "$time":
		text, isText := content.(string)
		moment, right := parseTime(text)
		if !isText || !right {
			return nil, oddly("'%.80v' is not a time (RFC 3339, years 1677 to 2262)", content)
		}
		return moment, nil
	case "$map":
		return in.taggedMap(content, level)
	case "$tensor":
		return in.taggedTensor(content)
	case "$table":
		return in.taggedTable(content)
	}
	return nil, oddly("'%.80s' is no known tag", tag)
}

var integerText = regexp.MustCompile(`^-?[0-9]{1,20}$`)

func taggedInteger(content any) (any, *odd) {
	text, _ := content.(string)
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil || !integerText.MatchString(text) {
		return nil, oddly("'%.80v' is not an int64", content)
	}
	return value, nil
}

func taggedFloat(content any) (any, *odd) {
	switch content {
	case "NaN", "Infinity", "-Infinity":
		value, _ := strconv.ParseFloat(content.(string), 64)
		return value, nil
	}
	return nil, oddly(`'%.80v' is not one of "NaN", "Infinity", "-Infinity"`, content)
}

func (in *incoming) taggedBytes(content any) (any, *odd) {
	text, isText := content.(string)
	if !isText {
		place, problem := in.place(content)
		if problem != nil {
			return nil, problem
		}
		return place.take(), nil
	}
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, oddly("'%.80s' is not base64", text)
	}
	return data, nil
}

func (in *incoming) taggedMap(content any, level int) (any, *odd) {
	pairs, isList := content.([]any)
	if !isList {
		return nil, oddly("$map is a list of pairs")
	}
	if problem := in.enter(len(pairs), level); problem != nil {
		return nil, problem
	}
	made := NewMap()
	for _, one := range pairs {
		pair, _ := one.([]any)
		if len(pair) != 2 {
			return nil, oddly("$map is a list of pairs of a text and a value")
		}
		key, isText := pair[0].(string)
		if _, there := made.Find(key); there || !isText {
			return nil, oddly("the key '%.80v' is there twice or is no text", pair[0])
		}
		value, problem := in.value(pair[1], level+1)
		if problem != nil {
			return nil, problem.within("." + key)
		}
		made.Set(key, value)
	}
	return made, nil
}

func (in *incoming) place(node any) (buffer, *odd) {
	place, _ := node.(*objectNode)
	if place == nil || place.broken {
		return buffer{}, oddly("%.80v is not a place of bytes", node)
	}
	if index, right := place.integer("segment"); right && len(place.keys) == 1 {
		if index < 0 || index >= int64(len(in.segments)) {
			return buffer{}, oddly("there is no segment %d, the frame has %d", index, len(in.segments))
		}
		return ownBuffer(in.segments[index]), nil
	}
	id, right := place.integer("arena")
	offset, alsoRight := place.integer("offset")
	size, rightToo := place.integer("size")
	if !right || !alsoRight || !rightToo || len(place.keys) != 3 || in.arenas == nil {
		return buffer{}, oddly("a place of bytes is a segment, or an arena with offset and size")
	}
	found, err := in.arenas.at(id, offset, size)
	if err != nil {
		return buffer{}, oddly("%s", err)
	}
	return found, nil
}

func (in *incoming) taggedTensor(content any) (any, *odd) {
	node, _ := content.(*objectNode)
	if node == nil || node.broken {
		return nil, oddly("a tensor is dtype, shape and data")
	}
	dtype, isText := node.text("dtype")
	extents, isList := node.find("shape").([]any)
	if !isText || !isList {
		return nil, oddly("a tensor is dtype, shape and data")
	}
	shape := make([]int, len(extents))
	for axis, one := range extents {
		digits, _ := one.(number)
		extent, right := digits.integer()
		if !right {
			return nil, oddly("a tensor of shape %v; sizes are whole numbers from 0", extents)
		}
		shape[axis] = int(extent)
	}
	data, problem := in.place(node.find("data"))
	if problem != nil {
		return nil, problem
	}
	tensor, err := newTensor(dtype, shape, data)
	if err != nil {
		return nil, oddError(err)
	}
	return tensor, nil
}

func (in *incoming) taggedTable(content any) (any, *odd) {
	node, _ := content.(*objectNode)
	if node == nil || node.broken {
		return nil, oddly("a table is rows and columns")
	}
	rows, right := node.integer("rows")
	list, isList := node.find("columns").([]any)
	if !right || !isList || rows < 0 {
		return nil, oddly("a table is rows, from 0, and columns")
	}
	columns := make([]*Column, len(list))
	behind := int64(0)
	for index, one := range list {
		column, problem := in.column(one, 1)
		if problem != nil {
			return nil, problem
		}
		if err := column.check(1); err != nil {
			return nil, oddError(err)
		}
		columns[index] = column
		behind += int64(column.bytesBehind())
	}
	if rows > manyRows && behind < rows/8 {
		return nil, oddly("a table claims %d rows and has %d bytes; beyond %d each row has a bit", rows, behind, manyRows)
	}
	table, err := newTable(columns, int(rows))
	if err != nil {
		return nil, oddError(err)
	}
	return table, nil
}

func (in *incoming) column(content any, depth int) (*Column, *odd) {
	node, _ := content.(*objectNode)
	if node == nil || node.broken || depth > 2*maxColumnDepth { // check knows the limit; this only ends the recursion
		return nil, oddly("a column is a map")
	}
	name, _ := node.text("name")
	format, isText := node.text("format")
	length, right := node.integer("length")
	nulls, alsoRight := node.integer("null_count")
	places, isList := node.find("buffers").([]any)
	if !isText || !right || !alsoRight || !isList {
		return nil, oddly("column '%.80s' lacks format, length, null_count or buffers", name)
	}
	shape, err := layoutOf(format)
	if err != nil {
		return nil, oddError(err)
	}
	column := &Column{
		Name: name, Format: format, Nullable: node.find("nullable") != false, length: int(length), nullCount: int(nulls),
		layout: shape, Metadata: textsOf(node.find("metadata")),
	}
	for _, one := range places {
		place := buffer{}
		if one != nil {
			var problem *odd
			if place, problem = in.place(one); problem != nil {
				return nil, problem
			}
		}
		column.buffers = append(column.buffers, place)
	}
	return column, in.inner(column, node, depth)
}

func (in *incoming) inner(column *Column, node *objectNode, depth int) *odd {
	children, isList := node.find("children").([]any)
	if !isList && node.find("children") != nil {
		return oddly("the children of column '%.80s' are no list", column.Name)
	}
	for _, one := range children {
		child, problem := in.column(one, depth+1)
		if problem != nil {
			return problem
		}
		column.Children = append(column.Children, child)
	}
	if dictionary := node.find("dictionary"); dictionary != nil {
		made, problem := in.column(dictionary, depth+1)
		if problem != nil {
			return problem
		}
		column.Dictionary = made
	}
	return nil
}

func textsOf(node any) map[string]string {
	object, _ := node.(*objectNode)
	if object == nil || len(object.keys) == 0 {
		return nil
	}
	texts := map[string]string{}
	for index, key := range object.keys {
		if text, isText := object.values[index].(string); isText {
			texts[key] = text
		}
	}
	return texts
}
