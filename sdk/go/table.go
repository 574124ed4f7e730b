package mortise

import (
	"sort"
	"time"
)

// Table is named columns of equal length, in the layout of Arrow, whose bytes stay where they are until somebody copies
// them. One that came with a call is read-only and lives as long as the call; Copy keeps it.
type Table struct {
	columns []*Column
	rows    int
}

// NewTable makes a table of finished columns: NewTable(Col("id", ids), Col("name", names)).
func NewTable(columns ...*Column) (*Table, error) {
	if len(columns) == 0 {
		return &Table{}, nil
	}
	return newTable(columns, columns[0].length)
}

func newTable(columns []*Column, rows int) (*Table, error) {
	seen := map[string]bool{}
	for _, column := range columns {
		if column.length != rows {
			return nil, column.bad("%d rows in a table of %d", column.length, rows)
		}
		if seen[column.Name] {
			return nil, column.bad("there are two of this name")
		}
		seen[column.Name] = true
	}
	return &Table{columns, rows}, nil
}

// Rows is the number of rows.
func (t *Table) Rows() int { return t.rows }

// Columns are the columns in their order.
func (t *Table) Columns() []*Column { return append([]*Column(nil), t.columns...) }

// Names are the names of the columns.
func (t *Table) Names() []string {
	names := make([]string, len(t.columns))
	for index, column := range t.columns {
		names[index] = column.Name
	}
	return names
}

// Column finds a column by its name.
func (t *Table) Column(name string) (*Column, error) {
	for _, column := range t.columns {
		if column.Name == name {
			return column, nil
		}
	}
	return nil, Errorf(CodeNotFound, "no column '%s'", name).WithHint("the table has " + joined(t.Names()))
}

func joined(names []string) string {
	text := ""
	for index, name := range names {
		if index > 0 {
			text += ", "
		}
		text += name
	}
	if text == "" {
		return "none"
	}
	return text
}

// Maps are the rows as maps. It copies.
func (t *Table) Maps() ([]*Map, error) {
	rows := make([]*Map, t.rows)
	for index := range rows {
		rows[index] = NewMap()
	}
	for _, column := range t.columns {
		cells, err := column.Values()
		if err != nil {
			return nil, err
		}
		for index, cell := range cells {
			rows[index].Set(column.Name, cell)
		}
	}
	return rows, nil
}

// TableOfMaps makes a table of rows. Columns come in the order in which their keys appear (those of a Go map sorted); what
// a row lacks is null.
func TableOfMaps[M *Map | map[string]any](rows []M) (*Table, error) {
	var names []string
	cells := map[string][]any{}
	for index, row := range rows {
		for _, entry := range entriesOf(any(row)) {
			column, known := cells[entry.key]
			if !known {
				names = append(names, entry.key)
				column = make([]any, len(rows))
				cells[entry.key] = column
			}
			column[index] = entry.value
		}
	}
	columns := make([]*Column, len(names))
	for index, name := range names {
		column, err := NewColumn(name, cells[name])
		if err != nil {
			return nil, err
		}
		columns[index] = column
	}
	return newTable(columns, len(rows))
}

type entry struct {
	key   string
	value any
}

func entriesOf(row any) []entry {
	var entries []entry
	switch row := row.(type) {
	case *Map:
		for _, key := range row.Keys() {
			entries = append(entries, entry{key, row.Get(key)})
		}
	case map[string]any:
		for key, value := range row {
			entries = append(entries, entry{key, value})
		}
		sort.Slice(entries, func(a, b int) bool { return entries[a].key < entries[b].key })
	}
	return entries
}

// With is this table with those columns replaced in place, or added at the end. The others are not touched.
func (t *Table) With(columns ...*Column) (*Table, error) {
	made := t.Columns()
	for _, fresh := range columns {
		replaced := false
		for index, column := range made {
			if column.Name == fresh.Name {
				made[index], replaced = fresh, true
			}
		}
		if !replaced {
			made = append(made, fresh)
		}
	}
	if len(t.columns) == 0 && len(columns) > 0 {
		return newTable(made, columns[0].length)
	}
	return newTable(made, t.rows)
}

// Select is those columns of it.
func (t *Table) Select(names ...string) (*Table, error) {
	columns := make([]*Column, len(names))
	for index, name := range names {
		column, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		columns[index] = column
	}
	return newTable(columns, t.rows)
}

// Copy is the same in memory of its own, for keeping it beyond the call.
func (t *Table) Copy() *Table {
	made := &Table{rows: t.rows}
	for _, column := range t.columns {
		made.columns = append(made.columns, column.copied())
	}
	return made
}

func (c *Column) copied() *Column {
	made := c.renamed(c.Name)
	made.buffers = make([]buffer, len(c.buffers))
	for index := range c.buffers {
		made.buffers[index] = ownBuffer(c.buffers[index].take())
	}
	made.Children = nil
	for _, child := range c.Children {
		made.Children = append(made.Children, child.copied())
	}
	if c.Dictionary != nil {
		made.Dictionary = c.Dictionary.copied()
	}
	return made
}

// ---- views and conversions of a column

var formatsOf = map[string]string{
	"INT8": "c", "UINT8": "C", "INT16": "s", "UINT16": "S", "INT32": "i", "UINT32": "I", "INT64": "l", "UINT64": "L",
	"FP32": "f", "FP64": "g",
}

// View is the rows in place, when the column is of that type and nothing is null: View[float64](column).
func View[T fixedWidth](c *Column) ([]T, error) {
	if formatsOf[dtypeOf[T]()] != c.Format || c.Dictionary != nil {
		return nil, c.bad("format '%s' is no %s", c.Format, dtypeOf[T]())
	}
	if c.nullCount > 0 {
		return nil, c.bad("%d rows are null, and a view has no place for them", c.nullCount).
			WithHint("use Values, or Raw and IsNull")
	}
	return view[T](&c.buffers[1], c.length), nil
}

// Raw is the same with whatever lies where a row is null; IsNull says which are.
func Raw[T fixedWidth](c *Column) ([]T, error) {
	if formatsOf[dtypeOf[T]()] != c.Format || c.Dictionary != nil {
		return nil, c.bad("format '%s' is no %s", c.Format, dtypeOf[T]())
	}
	if err := c.verify(); err != nil {
		return nil, err
	}
	return view[T](&c.buffers[1], c.length), nil
}

// Floats are the rows of any column of numbers as float64, NaN where a row is null: in place for float64 without nulls.
func (c *Column) Floats() ([]float64, error) {
	if c.Format == "g" && c.nullCount == 0 {
		return View[float64](c)
	}
	if c.layout.kind != kindNumber || c.Dictionary != nil {
		return nil, c.bad("format '%s' holds no numbers", c.Format)
	}
	if err := c.verify(); err != nil {
		return nil, err
	}
	numbers := make([]float64, c.length)
	for row := range numbers {
		numbers[row] = c.floatAt(row)
	}
	c.buffers[1].count(c.length * c.layout.width)
	return numbers, nil
}

// Strings are the rows of a column of texts, of a dictionary of texts too; "" where a row is null. It copies.
func (c *Column) Strings() ([]string, error) {
	texts := make([]string, c.length)
	err := each(c, func(row int, text string) { texts[row] = text })
	return texts, err
}

// Times are the rows of a column of dates or timestamps; the zero time where a row is null. It copies.
func (c *Column) Times() ([]time.Time, error) {
	moments := make([]time.Time, c.length)
	err := each(c, func(row int, moment time.Time) { moments[row] = moment })
	return moments, err
}

func each[T any](c *Column, give func(row int, value T)) error {
	if err := c.verify(); err != nil {
		return err
	}
	for row := 0; row < c.length; row++ {
		switch cell := c.cell(row).(type) {
		case nil:
		case T:
			give(row, cell)
		default:
			return c.bad("row %d is %s", row, kindOf(cell))
		}
	}
	c.countAll()
	return nil
}
