package main

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"time"

	"mortise"
)

// A value in words, so that its kind is proven and not only carried; and the value that such words tell.

func describe(value any) any {
	switch value := value.(type) {
	case nil:
		return mortise.NewMap("kind", "null")
	case bool:
		return mortise.NewMap("kind", "bool", "value", value)
	case int64:
		return mortise.NewMap("kind", "int64", "text", strconv.FormatInt(value, 10))
	case float64:
		bits := "nan"
		if !math.IsNaN(value) {
			bits = fmt.Sprintf("%016x", math.Float64bits(value))
		}
		return mortise.NewMap("kind", "float64", "bits", bits)
	case string:
		return mortise.NewMap("kind", "string", "text", value, "bytes", len(value))
	case []byte:
		return mortise.NewMap("kind", "bytes", "hex", hex.EncodeToString(value))
	case time.Time:
		return mortise.NewMap("kind", "time", "ns", strconv.FormatInt(value.UnixNano(), 10))
	case []any:
		items := make([]any, len(value))
		for index, item := range value {
			items[index] = describe(item)
		}
		return mortise.NewMap("kind", "list", "items", items)
	case *mortise.Map:
		members := []any{}
		for _, key := range value.Keys() {
			members = append(members, []any{key, describe(value.Get(key))})
		}
		return mortise.NewMap("kind", "map", "members", members)
	case *mortise.Tensor:
		return mortise.NewMap("kind", "tensor", "dtype", value.DType, "shape", value.Shape, "hex", hex.EncodeToString(value.Bytes()))
	case *mortise.Table:
		return mortise.NewMap("kind", "table", "rows", value.Rows(), "columns", describeColumns(value.Columns()))
	}
	return fmt.Sprintf("a %T", value)
}

func describeColumns(columns []*mortise.Column) []any {
	told := []any{}
	for _, column := range columns {
		told = append(told, describeColumn(column))
	}
	return told
}

func describeColumn(column *mortise.Column) *mortise.Map {
	told := mortise.NewMap("name", column.Name, "format", column.Format, "rows", column.Len(), "nulls", column.NullCount())
	if len(column.Children) > 0 {
		told.Set("children", describeColumns(column.Children))
	}
	if column.Dictionary != nil {
		told.Set("dictionary", describeColumn(column.Dictionary))
	}
	return told
}

func made(told *mortise.Map) any {
	text := func(key string) string {
		value, _ := told.Get(key).(string)
		return value
	}
	switch told.Get("kind") {
	case "bool":
		return told.Get("value")
	case "int64":
		number, _ := strconv.ParseInt(text("text"), 10, 64)
		return number
	case "float64":
		if text("bits") == "nan" {
			return math.NaN()
		}
		bits, _ := strconv.ParseUint(text("bits"), 16, 64)
		return math.Float64frombits(bits)
	case "string":
		return text("text")
	case "bytes":
		return unhex(text("hex"))
	case "time":
		ns, _ := strconv.ParseInt(text("ns"), 10, 64)
		return time.Unix(0, ns)
	case "list":
		items := []any{}
		for _, item := range told.Get("items").([]any) {
			items = append(items, made(item.(*mortise.Map)))
		}
		return items
	case "map":
		members := mortise.NewMap()
		for _, one := range told.Get("members").([]any) {
			pair := one.([]any)
			members.Set(pair[0].(string), made(pair[1].(*mortise.Map)))
		}
		return members
	case "tensor":
		return madeTensor(told, unhex(text("hex")))
	}
	return nil
}

func madeTensor(told *mortise.Map, data []byte) any {
	shape := []int{}
	for _, extent := range told.Get("shape").([]any) {
		shape = append(shape, int(extent.(int64)))
	}
	tensor, err := mortise.NewTensor(told.Get("dtype").(string), shape, data)
	if err != nil {
		return err.Error()
	}
	return tensor
}

func unhex(text string) []byte {
	data, _ := hex.DecodeString(text)
	return data
}
