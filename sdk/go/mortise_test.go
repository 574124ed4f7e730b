package mortise

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// crossed is the value as the other side sees it.
func crossed(t *testing.T, value any) any {
	t.Helper()
	back, err := cross(value)
	if err != nil {
		t.Fatalf("%#v does not cross: %v", value, err)
	}
	return back
}

func TestKindsCross(t *testing.T) {
	moment := time.Date(2026, 1, 31, 12, 34, 56, 123456789, time.FixedZone("east", 3600))
	for _, one := range []struct{ out, in any }{
		{nil, nil},
		{true, true},
		{int8(-3), int64(-3)},
		{uint16(7), int64(7)},
		{int64(math.MaxInt64), int64(math.MaxInt64)},
		{float32(0.5), 0.5},
		{math.Copysign(0, -1), math.Copysign(0, -1)},
		{math.Inf(-1), math.Inf(-1)},
		{5e-324, 5e-324},
		{1e21, 1e21},
		{"ž\"\\\n\x01", "ž\"\\\n\x01"},
		{moment, moment.UTC()},
		{(*Map)(nil), nil},
	} {
		got := crossed(t, one.out)
		if empty, isMap := got.(*Map); isMap && empty.Len() == 0 && one.in == nil {
			continue
		}
		if got != one.in {
			t.Errorf("%#v came back as %#v", one.out, got)
		}
	}
	if got := crossed(t, math.NaN()).(float64); !math.IsNaN(got) {
		t.Errorf("NaN came back as %v", got)
	}
}

func TestAMapKeepsItsOrder(t *testing.T) {
	got := crossed(t, NewMap("b", 1, "$a", 2, "c", 3)).(*Map)
	if strings.Join(got.Keys(), "") != "b$ac" || got.Get("$a") != int64(2) {
		t.Errorf("got %v", got)
	}
}

func TestStructsSlicesAndMapsOfGoCross(t *testing.T) {
	type inner struct {
		Name   string `json:"name"`
		Count  int    `json:"count,omitempty"`
		hidden int
	}
	got := crossed(t, struct {
		Rows []inner
		By   map[string]float64 `json:"by"`
		Skip int                `json:"-"`
	}{[]inner{{Name: "ada", hidden: 1}}, map[string]float64{"b": 2, "a": 1}, 3}).(*Map)
	row := got.Get("Rows").([]any)[0].(*Map)
	if row.Len() != 1 || row.Get("name") != "ada" || strings.Join(got.Get("by").(*Map).Keys(), "") != "ab" || got.Len() != 2 {
		t.Errorf("got %v", got)
	}
}

func TestWhatCannotCrossSaysWhere(t *testing.T) {
	for text, value := range map[string]any{
		"items[1].f: a func() cannot cross": NewMap("items", []any{1, NewMap("f", func() {})}),
		"x: a text that is not UTF-8":       NewMap("x", "\xff"),
		"x: 18446744073709551615 is beyond": NewMap("x", uint64(math.MaxUint64)),
		"beyond the years 1677 to 2262":     time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC),
		"a map has texts for keys":          map[int]int{1: 2},
	} {
		_, err := cross(value)
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("expected %q, got %v", text, err)
		}
	}
	var deep any = 1
	for level := 0; level < 128; level++ {
		deep = []any{deep}
	}
	if _, err := cross(deep); err == nil || !strings.Contains(err.Error(), "128 levels") {
		t.Errorf("129 levels cross: %v", err)
	}
}

func TestColumnsAreMadeAndSeen(t *testing.T) {
	table, err := NewTable(
		Col("id", []int64{1, 2, 3}), Col("price", []any{1.5, nil, 2}), Col("name", []any{"a", nil, "žž"}),
		Col("open", []bool{true, false, true}), Col("raw", [][]byte{{1}, {}, {2, 3}}),
		Col("at", []time.Time{time.Unix(0, 5), time.Unix(7, 0), time.Unix(8, 0)}), Col("none", []any{nil, nil, nil}),
	)
	if err != nil {
		t.Fatal(err)
	}
	got := crossed(t, table).(*Table)
	rows, err := got.Maps()
	if err != nil {
		t.Fatal(err)
	}
	if rows[1].Get("price") != nil || rows[2].Get("price") != 2.0 || rows[2].Get("name") != "žž" || rows[0].Get("open") != true ||
		rows[1].Get("at") != time.Unix(7, 0).UTC() || rows[0].Get("none") != nil {
		t.Errorf("rows are %v", rows)
	}
	ids, err := got.Column("id")
	if err != nil {
		t.Fatal(err)
	}
	if seen, err := View[int64](ids); err != nil || seen[2] != 3 {
		t.Errorf("a view is %v, %v", seen, err)
	}
	price, _ := got.Column("price")
	if _, err := View[float64](price); err == nil || !strings.Contains(err.Error(), "1 rows are null") {
		t.Errorf("a view of nulls: %v", err)
	}
	if numbers, err := price.Floats(); err != nil || !math.IsNaN(numbers[1]) || numbers[2] != 2 {
		t.Errorf("floats are %v, %v", numbers, err)
	}
	if _, err := got.Column("nope"); CodeOf(err) != CodeNotFound {
		t.Errorf("a column that is not there: %v", err)
	}
	if _, err := NewColumn("mixed", []any{"a", 1}); err == nil || !strings.Contains(err.Error(), "row 1") {
		t.Errorf("a mixed column: %v", err)
	}
}

func TestRowsBecomeATable(t *testing.T) {
	table, err := TableOfMaps([]map[string]any{{"b": 1, "a": "x"}, {"c": true}})
	if err != nil || strings.Join(table.Names(), "") != "abc" || table.Rows() != 2 {
		t.Fatalf("%v, %v", table, err)
	}
	c, _ := table.Column("c")
	if !c.IsNull(0) || c.IsNull(1) {
		t.Error("what a row lacks is null")
	}
}

func TestColumnsThatLieAreRefused(t *testing.T) {
	lying := map[string]*Column{
		"rise":         {Name: "t", Format: "u", length: 2, layout: layouts["u"], buffers: []buffer{{}, ownBuffer(asBytes([]int32{0, 5, 3})), ownBuffer(make([]byte, 9))}},
		"does not":     {Name: "t", Format: "u", length: 1, layout: layouts["u"], buffers: []buffer{{}, ownBuffer(asBytes([]int32{0, 9})), ownBuffer(make([]byte, 3))}},
		"index 7 into": {Name: "t", Format: "i", length: 1, layout: layouts["i"], buffers: []buffer{{}, ownBuffer(asBytes([]int32{7}))}, Dictionary: Col("d", []string{"a"})},
		"1 nulls, not": {Name: "t", Format: "l", length: 2, nullCount: 2, layout: layouts["l"], buffers: []buffer{ownBuffer([]byte{1}), ownBuffer(make([]byte, 16))}},
	}
	for text, column := range lying {
		if _, err := column.Values(); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("expected %q, got %v", text, err)
		}
	}
}

func TestErrorsKeepTheirTextAndCode(t *testing.T) {
	inner := Invalid("api_key is required").WithHint("set it")
	told := explain(fmt.Errorf("configuration validation failed: %w", inner))
	if told.Message != "configuration validation failed: api_key is required" || told.Code != CodeInvalid || told.Hint != "set it" || told.Cause != nil {
		t.Errorf("told %#v", told)
	}
	if told := explain(errors.New("plain")); told.Code != CodePlugin || told.Message != "plain" {
		t.Errorf("told %#v", told)
	}
	if text := cleanText(strings.Repeat("ž", maxErrorText)); len(text) > maxErrorText || !strings.HasSuffix(text, "ž...") {
		t.Errorf("a long text is cut to %d bytes: %q", len(text), text[len(text)-8:])
	}
}

type rightShape struct{}

func (*rightShape) Step(*Step) (any, error) { return nil, nil }

type wrongShape struct{}

func (wrongShape) Step(config map[string]any) any { return nil }

func TestAMethodOfTheWrongShapeIsNamed(t *testing.T) {
	if _, err := prepared(rightShape{}); err != nil {
		t.Error(err)
	}
	_, err := prepared(wrongShape{})
	var told *Error
	if !errors.As(err, &told) || !strings.Contains(told.Message, "method Step of") || told.Hint != "write Step(*mortise.Step) (interface {}, error)" {
		t.Errorf("told %#v", told)
	}
}

func TestConfigIsReadWithItsTypes(t *testing.T) {
	config := NewMap("rows", 3.0, "name", "x", "ratio", int64(2), "on", true)
	rows, _ := config.Int("rows", 0)
	ratio, _ := config.Float("ratio", 0)
	name, _ := config.Text("name", "")
	other, _ := config.Text("other", "default")
	if rows != 3 || ratio != 2 || name != "x" || other != "default" {
		t.Errorf("%v %v %v %v", rows, ratio, name, other)
	}
	if _, err := config.Int("name", 0); err == nil || err.Error() != "'name' is a text, expected a whole number" {
		t.Errorf("%v", err)
	}
}

func FuzzHeader(f *testing.F) {
	for _, seed := range []string{
		`{"t":"call","id":1,"input":{"$table":{"rows":1,"columns":[{"name":"a","format":"u","length":1,"null_count":0,"buffers":[null,{"segment":0},{"segment":1}]}]}}}`,
		`{"a":[1,2.5e3,"\ud83d\ude00",{"$bytes":"AA=="},{"$time":"2026-01-31T12:34:56.5Z"}]}`, `{"$map":[["$x",1]]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		header, err := parseHeader(data)
		if err != nil {
			return
		}
		in := &incoming{segments: [][]byte{{0, 0, 0, 0, 1, 0, 0, 0}, {65}}}
		value, err := in.decode(header, "")
		if err != nil {
			return
		}
		if table, isTable := value.(*Table); isTable && table.Rows() < 1000 {
			_, _ = table.Maps()
		}
		if _, err := cross(value); err != nil && !strings.Contains(err.Error(), "column") {
			t.Errorf("what came does not go: %v", err)
		}
	})
}
