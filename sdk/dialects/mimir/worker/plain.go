package worker

import (
	"mortise"
)

// How the host's values look to a plugin of the guide, which knows JSON: every number is a float64, whether the pipeline file
// says 30 or 30.0; maps are map[string]interface{}; times stay times. A table is the guide's own form of one: columns, rows,
// row_count, column_count.

func plainMap(given *mortise.Map) map[string]interface{} {
	made := make(map[string]interface{}, given.Len())
	for _, key := range given.Keys() {
		made[key] = plain(given.Get(key))
	}
	return typed(made)
}

func plain(value interface{}) interface{} {
	switch value := value.(type) {
	case int64:
		return float64(value)
	case *mortise.Map:
		return plainMap(value)
	case []interface{}:
		made := make([]interface{}, len(value))
		for index, item := range value {
			made[index] = plain(item)
		}
		return made
	case *mortise.Table:
		return tableRows(value)
	case *mortise.Tensor:
		return tensorRows(value)
	}
	return value
}

// typed gives a table in the guide's form the Go types that the guide shows: []string and []map[string]interface{}.
func typed(made map[string]interface{}) map[string]interface{} {
	columns, haveColumns := made["columns"].([]interface{})
	rows, haveRows := made["rows"].([]interface{})
	if !haveColumns || !haveRows {
		return made
	}
	names := make([]string, len(columns))
	for index, column := range columns {
		name, isText := column.(string)
		if !isText {
			return made
		}
		names[index] = name
	}
	maps := make([]map[string]interface{}, len(rows))
	for index, row := range rows {
		one, isMap := row.(map[string]interface{})
		if !isMap {
			return made
		}
		maps[index] = one
	}
	made["columns"], made["rows"] = names, maps
	return made
}

func tableRows(table *mortise.Table) interface{} {
	given, err := table.Maps()
	if err != nil {
		panic(err)
	}
	rows := make([]map[string]interface{}, len(given))
	for index, row := range given {
		rows[index] = plainMap(row)
	}
	return map[string]interface{}{
		"columns": table.Names(), "rows": rows, "row_count": float64(table.Rows()), "column_count": float64(len(table.Names())),
	}
}

// tensorRows is nested lists of numbers.
func tensorRows(tensor *mortise.Tensor) interface{} {
	numbers, err := tensor.Floats()
	if err != nil {
		panic(err)
	}
	if len(tensor.Shape) == 0 {
		return numbers[0]
	}
	return nested(numbers, tensor.Shape)
}

func nested(numbers []float64, shape []int) []interface{} {
	items := make([]interface{}, shape[0])
	for index := range items {
		width := len(numbers) / shape[0]
		part := numbers[index*width : (index+1)*width]
		if len(shape) == 1 {
			items[index] = part[0]
		} else {
			items[index] = nested(part, shape[1:])
		}
	}
	return items
}
