package mortise

import (
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// Headers are JSON, read into nodes: nil, bool, string, []any, number (its text) and *objectNode (its keys in order).
// Go's own decoder would round integers, forget the order of keys and let a key that is there twice pass.

const maxJSONDepth = 512

// number is the text of a number, still to be judged.
type number string

func (n number) isInteger() bool {
	for _, letter := range []byte(n) {
		if letter == '.' || letter == 'e' || letter == 'E' {
			return false
		}
	}
	return true
}

// integer is -1 and false when it is none.
func (n number) integer() (int64, bool) {
	value, err := strconv.ParseInt(string(n), 10, 64)
	return value, err == nil && n.isInteger()
}

type objectNode struct {
	keys   []string
	values []any
	twice  string // a key that was there twice: a broken message, or an invalid value
	broken bool
}

func (o *objectNode) find(key string) any {
	for index, one := range o.keys {
		if one == key {
			return o.values[index]
		}
	}
	return nil
}

func (o *objectNode) text(key string) (string, bool) {
	text, ok := o.find(key).(string)
	return text, ok
}

func (o *objectNode) integer(key string) (int64, bool) {
	switch value := o.find(key).(type) {
	case number:
		return value.integer()
	case int64: // of a compact header
		return value, true
	}
	return -1, false
}

type jsonReader struct {
	data []byte
	at   int
}

// parseHeader reads one object and nothing after it. An error breaks the frame.
func parseHeader(data []byte) (*objectNode, error) {
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("a header is not UTF-8")
	}
	value, err := parseJSON(data)
	if err != nil {
		return nil, err
	}
	header, ok := value.(*objectNode)
	if !ok || header.broken {
		return nil, fmt.Errorf("a header is one JSON object without a key twice")
	}
	return header, nil
}

// parseJSON reads one value, of text that is UTF-8, and nothing after it.
func parseJSON(data []byte) (value any, err error) {
	reader := &jsonReader{data: data}
	defer func() {
		if problem := recover(); problem != nil {
			text, ok := problem.(jsonProblem)
			if !ok {
				panic(problem)
			}
			value, err = nil, fmt.Errorf("a header is not JSON: %s at byte %d", string(text), reader.at)
		}
	}()
	value = reader.value(1)
	reader.space()
	if reader.at != len(data) {
		return nil, fmt.Errorf("more text follows the JSON of a header")
	}
	return value, nil
}

type jsonProblem string

func (r *jsonReader) space() {
	for r.at < len(r.data) {
		switch r.data[r.at] {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return
		}
	}
}

func (r *jsonReader) peek() byte {
	r.space()
	if r.at == len(r.data) {
		panic(jsonProblem("it is cut off"))
	}
	return r.data[r.at]
}

func (r *jsonReader) value(depth int) any {
	if depth > maxJSONDepth {
		panic(jsonProblem(fmt.Sprintf("it nests more than %d levels", maxJSONDepth)))
	}
	switch r.peek() {
	case '{':
		return r.object(depth)
	case '[':
		return r.list(depth)
	case '"':
		return r.text()
	case 't':
		return r.word("true", true)
	case 'f':
		return r.word("false", false)
	case 'n':
		return r.word("null", nil)
	}
	return r.number()
}

func (r *jsonReader) word(word string, value any) any {
	if len(r.data)-r.at < len(word) || string(r.data[r.at:r.at+len(word)]) != word {
		panic(jsonProblem("an unknown word"))
	}
	r.at += len(word)
	return value
}

func (r *jsonReader) list(depth int) any {
	r.at++
	items := []any{}
	if r.peek() == ']' {
		r.at++
		return items
	}
	for {
		items = append(items, r.value(depth+1))
		switch r.peek() {
		case ',':
			r.at++
		case ']':
			r.at++
			return items
		default:
			panic(jsonProblem("a list without its comma"))
		}
	}
}

func (r *jsonReader) object(depth int) any {
	r.at++
	made := &objectNode{}
	if r.peek() == '}' {
		r.at++
		return made
	}
	for {
		if r.peek() != '"' {
			panic(jsonProblem("a key is no text"))
		}
		made.keys = append(made.keys, r.text())
		if r.peek() != ':' {
			panic(jsonProblem("a key without its colon"))
		}
		r.at++
		made.values = append(made.values, r.value(depth+1))
		switch r.peek() {
		case ',':
			r.at++
		case '}':
			r.at++
			made.look()
			return made
		default:
			panic(jsonProblem("an object without its comma"))
		}
	}
}

// look finds a key that is there twice.
func (o *objectNode) look() {
	if len(o.keys) <= 8 {
		for index, key := range o.keys {
			for _, other := range o.keys[:index] {
				if key == other {
					o.twice, o.broken = key, true
				}
			}
		}
		return
	}
	seen := make(map[string]struct{}, len(o.keys))
	for _, key := range o.keys {
		if _, there := seen[key]; there {
			o.twice, o.broken = key, true
		}
		seen[key] = struct{}{}
	}
}

func (r *jsonReader) number() any {
	start := r.at
	digits := func() {
		first := r.at
		for r.at < len(r.data) && r.data[r.at] >= '0' && r.data[r.at] <= '9' {
			r.at++
		}
		if r.at == first {
			panic(jsonProblem("neither a value nor a number"))
		}
	}
	is := func(letters string) bool {
		for index := range letters {
			if r.at < len(r.data) && r.data[r.at] == letters[index] {
				r.at++
				return true
			}
		}
		return false
	}
	is("-")
	if !is("0") {
		digits()
	}
	if is(".") {
		digits()
	}
	if is("eE") {
		is("+-")
		digits()
	}
	return number(r.data[start:r.at])
}

func (r *jsonReader) text() string {
	r.at++
	start := r.at
	for r.at < len(r.data) {
		switch letter := r.data[r.at]; {
		case letter == '"':
			r.at++
			return string(r.data[start : r.at-1])
		case letter == '\\':
			return r.escaped(start)
		case letter < 0x20:
			panic(jsonProblem("a control character in a text"))
		}
		r.at++
	}
	panic(jsonProblem("a text is cut off"))
}

// escaped reads on from the first backslash.
func (r *jsonReader) escaped(start int) string {
	made := append([]byte(nil), r.data[start:r.at]...)
	for r.at < len(r.data) {
		letter := r.data[r.at]
		r.at++
		switch {
		case letter == '"':
			return string(made)
		case letter < 0x20:
			panic(jsonProblem("a control character in a text"))
		case letter != '\\':
			made = append(made, letter)
		default:
			made = utf8.AppendRune(made, r.escape())
		}
	}
	panic(jsonProblem("a text is cut off"))
}

func (r *jsonReader) escape() rune {
	if r.at == len(r.data) {
		panic(jsonProblem("a text is cut off"))
	}
	letter := r.data[r.at]
	r.at++
	switch letter {
	case '"', '\\', '/':
		return rune(letter)
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'u':
		return r.unicode()
	}
	panic(jsonProblem("an unknown escape"))
}

func (r *jsonReader) unicode() rune {
	high := r.hex()
	if high < 0xD800 || high > 0xDFFF {
		return high
	}
	if high < 0xDC00 && len(r.data)-r.at >= 6 && r.data[r.at] == '\\' && r.data[r.at+1] == 'u' {
		r.at += 2
		if low := r.hex(); low >= 0xDC00 && low <= 0xDFFF {
			return (high-0xD800)<<10 + (low - 0xDC00) + 0x10000
		}
	}
	panic(jsonProblem("half of a surrogate pair"))
}

func (r *jsonReader) hex() rune {
	if len(r.data)-r.at < 4 {
		panic(jsonProblem("an escape is cut off"))
	}
	value, err := strconv.ParseUint(string(r.data[r.at:r.at+4]), 16, 16)
	if err != nil {
		panic(jsonProblem("an escape is not four hexadecimal digits"))
	}
	r.at += 4
	return rune(value)
}

// ---- writing

const hexDigits = "0123456789abcdef"

func appendText(out []byte, text string) []byte {
	out = append(out, '"')
	start := 0
	for index := 0; index < len(text); index++ {
		letter := text[index]
		if letter >= 0x20 && letter != '"' && letter != '\\' {
			continue
		}
		out = append(out, text[start:index]...)
		start = index + 1
		switch letter {
		case '"', '\\':
			out = append(out, '\\', letter)
		case '\n':
			out = append(out, '\\', 'n')
		case '\t':
			out = append(out, '\\', 't')
		default:
			out = append(out, '\\', 'u', '0', '0', hexDigits[letter>>4], hexDigits[letter&15])
		}
	}
	return append(append(out, text[start:]...), '"')
}

// appendFloat writes a number that reads back to the same bits and looks like a float.
func appendFloat(out []byte, value float64) []byte {
	switch {
	case math.IsNaN(value):
		return append(out, `{"$float64":"NaN"}`...)
	case math.IsInf(value, 1):
		return append(out, `{"$float64":"Infinity"}`...)
	case math.IsInf(value, -1):
		return append(out, `{"$float64":"-Infinity"}`...)
	}
	start := len(out)
	out = strconv.AppendFloat(out, value, 'g', -1, 64)
	for _, letter := range out[start:] {
		if letter == '.' || letter == 'e' {
			return out
		}
	}
	return append(out, '.', '0')
}
