package mortise

import (
	"sort"
	"strings"
	"time"
)

// How values look in Go:
//
//	null, bool, string   nil, bool, string
//	int64, float64       int64, float64; all kinds of numbers may leave
//	bytes                []byte
//	time                 time.Time in UTC
//	list                 []any; any slice or array may leave
//	map                  *Map, which keeps its order; any map with texts for keys, and structs, may leave
//	tensor, table        *Tensor, *Table
//
// Limits of docs/worker-protocol.md, section 3:
const (
	maxDepth  = 128
	maxValues = 4_000_000
)

var (
	firstTime = time.Unix(0, -1<<63).UTC()
	lastTime  = time.Unix(0, 1<<63-1).UTC()
)

// Map is a map from texts to values that keeps its order. The zero value is empty and ready.
type Map struct {
	keys   []string
	values map[string]any
}

// NewMap makes a map of keys and values by turns: NewMap("rows", 3, "name", "ada").
func NewMap(pairs ...any) *Map {
	made := &Map{}
	for index := 0; index+1 < len(pairs); index += 2 {
		made.Set(pairs[index].(string), pairs[index+1])
	}
	return made
}

// Len is the number of keys. A nil Map is an empty one.
func (m *Map) Len() int {
	if m == nil {
		return 0
	}
	return len(m.keys)
}

// Keys are the keys in their order.
func (m *Map) Keys() []string {
	if m == nil {
		return nil
	}
	return append([]string(nil), m.keys...)
}

// Get is the value of a key, nil when it is missing.
func (m *Map) Get(key string) any {
	value, _ := m.Find(key)
	return value
}

// Find is the value of a key, and whether there is one: a missing key differs from a null.
func (m *Map) Find(key string) (any, bool) {
	if m == nil {
		return nil, false
	}
	value, found := m.values[key]
	return value, found
}

// Set sets the value of a key; a new key comes last.
func (m *Map) Set(key string, value any) {
	if m.values == nil {
		m.values = map[string]any{}
	}
	if _, there := m.values[key]; !there {
		m.keys = append(m.keys, key)
	}
	m.values[key] = value
}

// Delete removes a key.
func (m *Map) Delete(key string) {
	if _, there := m.Find(key); !there {
		return
	}
	delete(m.values, key)
	for index, one := range m.keys {
		if one == key {
			m.keys = append(m.keys[:index:index], m.keys[index+1:]...)
			return
		}
	}
}

// Text is a text, or the default when the key is missing or null. Another kind of value is an error that says so.
func (m *Map) Text(key, otherwise string) (string, error) {
	switch value := m.Get(key).(type) {
	case nil:
		return otherwise, nil
	case string:
		return value, nil
	default:
		return "", wrongKind(key, "a text", value)
	}
}

// Int is a whole number, or the default.
func (m *Map) Int(key string, otherwise int64) (int64, error) {
	switch value := m.Get(key).(type) {
	case nil:
		return otherwise, nil
	case int64:
		return value, nil
	case float64:
		if whole := int64(value); float64(whole) == value {
			return whole, nil
		}
		return 0, wrongKind(key, "a whole number", value)
	default:
		return 0, wrongKind(key, "a whole number", value)
	}
}

// Float is a number, or the default.
func (m *Map) Float(key string, otherwise float64) (float64, error) {
	switch value := m.Get(key).(type) {
	case nil:
		return otherwise, nil
	case int64:
		return float64(value), nil
	case float64:
		return value, nil
	default:
		return 0, wrongKind(key, "a number", value)
	}
}

// Bool is true or false, or the default.
func (m *Map) Bool(key string, otherwise bool) (bool, error) {
	switch value := m.Get(key).(type) {
	case nil:
		return otherwise, nil
	case bool:
		return value, nil
	default:
		return false, wrongKind(key, "true or false", value)
	}
}

func wrongKind(key, expected string, got any) *Error {
	return Invalid("'%s' is %s, expected %s", key, kindOf(got), expected).
		With("key", key).With("expected", expected).With("got", kindOf(got))
}

func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "a bool"
	case int64, int, int32, uint64:
		return "an integer"
	case float64, float32:
		return "a float"
	case string:
		return "a text"
	case []byte:
		return "bytes"
	case time.Time:
		return "a time"
	case *Map, map[string]any:
		return "a map"
	case *Tensor:
		return "a tensor"
	case *Table:
		return "a table"
	}
	return "a list"
}

// Plain turns maps into map[string]any, all the way down, for code that expects them. Their order is lost.
func Plain(value any) any {
	switch value := value.(type) {
	case *Map:
		made := make(map[string]any, value.Len())
		for _, key := range value.Keys() {
			made[key] = Plain(value.Get(key))
		}
		return made
	case []any:
		made := make([]any, len(value))
		for index, item := range value {
			made[index] = Plain(item)
		}
		return made
	}
	return value
}

func sortedKeys(texts map[string]string) []string {
	keys := make([]string, 0, len(texts))
	for key := range texts {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// formatTime is RFC 3339 in UTC with as many decimals as are needed.
func formatTime(moment time.Time) string {
	return moment.UTC().Format("2006-01-02T15:04:05.999999999Z")
}

func parseTime(text string) (time.Time, bool) {
	moment, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || len(text) < 20 || text[10] != 'T' || strings.Contains(text, ",") {
		return time.Time{}, false
	}
	if point := strings.IndexByte(text, '.'); point >= 0 && len(strings.TrimRight(text[point+1:], "Z+-:0123456789")) > 0 {
		return time.Time{}, false
	}
	return moment.UTC(), inRange(moment)
}

func inRange(moment time.Time) bool {
	return !moment.Before(firstTime) && !moment.After(lastTime)
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}
