package mortise

import (
	"math/bits"
	"strconv"
	"strings"
)

const (
	maxColumnDepth = 32
	manyRows       = 1 << 24
)

type kind int

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindText
	kindBytes
	kindFixed
	kindDecimal
	kindDate
	kindTimeOfDay
	kindTimestamp
	kindDuration
	kindStruct
	kindList
)

// layout is how a format lies in memory: the bytes of one row (0: variable or bits), of one offset, and what buffers it has.
type layout struct {
	kind    kind
	width   int
	offset  int
	buffers int
}

var layouts = map[string]layout{
	"n": {kindNull, 0, 0, 0}, "b": {kindBool, 0, 0, 2},
	"c": {kindNumber, 1, 0, 2}, "C": {kindNumber, 1, 0, 2}, "s": {kindNumber, 2, 0, 2}, "S": {kindNumber, 2, 0, 2},
	"i": {kindNumber, 4, 0, 2}, "I": {kindNumber, 4, 0, 2}, "l": {kindNumber, 8, 0, 2}, "L": {kindNumber, 8, 0, 2},
	"e": {kindNumber, 2, 0, 2}, "f": {kindNumber, 4, 0, 2}, "g": {kindNumber, 8, 0, 2},
	"u": {kindText, 0, 4, 3}, "U": {kindText, 0, 8, 3}, "z": {kindBytes, 0, 4, 3}, "Z": {kindBytes, 0, 8, 3},
	"tdD": {kindDate, 4, 0, 2}, "tdm": {kindDate, 8, 0, 2},
	"tts": {kindTimeOfDay, 4, 0, 2}, "ttm": {kindTimeOfDay, 4, 0, 2},
	"ttu": {kindTimeOfDay, 8, 0, 2}, "ttn": {kindTimeOfDay, 8, 0, 2},
	"tDs": {kindDuration, 8, 0, 2}, "tDm": {kindDuration, 8, 0, 2},
	"tDu": {kindDuration, 8, 0, 2}, "tDn": {kindDuration, 8, 0, 2},
	"+s": {kindStruct, 0, 0, 1}, "+l": {kindList, 0, 4, 2}, "+L": {kindList, 0, 8, 2},
}

func layoutOf(format string) (layout, error) {
	if found, known := layouts[format]; known {
		return found, nil
	}
	if len(format) >= 4 && format[:2] == "ts" && strings.IndexByte("smun", format[2]) >= 0 && format[3] == ':' {
		return layout{kindTimestamp, 8, 0, 2}, nil
	}
	if strings.HasPrefix(format, "w:") {
		if width, err := strconv.ParseUint(format[2:], 10, 31); err == nil {
			return layout{kindFixed, int(width), 0, 2}, nil
		}
	}
	if strings.HasPrefix(format, "d:") {
		parts := strings.Split(format[2:], ",")
		if len(parts) == 2 {
			_, wrong := strconv.ParseUint(parts[0], 10, 31)
			_, odd := strconv.ParseInt(parts[1], 10, 32)
			if wrong == nil && odd == nil {
				return layout{kindDecimal, 16, 0, 2}, nil
			}
		}
	}
	return layout{}, Errorf(CodeUnsupported, "columns of format '%.40s' cannot cross", format).
		WithHint("cast the column to a plain type first")
}

// Column is one column of a table in the memory layout of Arrow (docs/worker-protocol.md, section 3). With a Dictionary,
// Format is the one of the indices.
type Column struct {
	Name       string
	Format     string
	Nullable   bool
	Children   []*Column
	Dictionary *Column
	Metadata   map[string]string

	length    int
	nullCount int
	buffers   []buffer
	layout    layout
	verified  bool
}

// Len is the number of rows.
func (c *Column) Len() int { return c.length }

// NullCount is how many of them are null.
func (c *Column) NullCount() int { return c.nullCount }

// IsNull tells whether a row is null.
func (c *Column) IsNull(row int) bool {
	if c.nullCount == 0 || row < 0 || row >= c.length {
		return false
	}
	return c.layout.kind == kindNull || !bitAt(c.buffers[0].bytes(), row)
}

func bitAt(bitmap []byte, row int) bool { return bitmap[row>>3]>>(row&7)&1 == 1 }

func (c *Column) bad(format string, arguments ...any) *Error {
	told := Invalid(format, arguments...).With("column", c.Name)
	told.Message = "column '" + c.Name + "': " + told.Message
	return told
}

// renamed is the same data under another name.
func (c *Column) renamed(name string) *Column {
	made := *c
	made.Name = name
	return &made
}

// check proves what costs nothing: the number and sizes of buffers, and lengths. It runs when a column arrives.
func (c *Column) check(depth int) error {
	if depth > maxColumnDepth {
		return c.bad("columns nest more than %d levels", maxColumnDepth)
	}
	if c.length < 0 || c.nullCount < 0 || c.nullCount > c.length {
		return c.bad("%d nulls in %d rows", c.nullCount, c.length)
	}
	if len(c.buffers) != c.layout.buffers {
		return c.bad("%d buffers; format '%s' has %d", len(c.buffers), c.Format, c.layout.buffers)
	}
	if err := c.checkSizes(); err != nil {
		return err
	}
	return c.checkChildren(depth)
}

func (c *Column) checkSizes() error {
	if c.length > 1<<46 {
		return c.bad("%d rows are more than memory holds", c.length)
	}
	expect := func(index, size int) error {
		if c.buffers[index].size() < size {
			return c.bad("buffer %d has %d bytes, %d rows need %d", index, c.buffers[index].size(), c.length, size)
		}
		return nil
	}
	if c.layout.buffers > 0 && c.nullCount > 0 {
		if err := expect(0, (c.length+7)/8); err != nil {
			return err
		}
	}
	switch {
	case c.layout.width > 0:
		if c.length > (1<<46)/c.layout.width {
			return c.bad("%d rows of %d bytes are more than memory holds", c.length, c.layout.width)
		}
		return expect(1, c.length*c.layout.width)
	case c.layout.kind == kindBool:
		return expect(1, (c.length+7)/8)
	case c.layout.offset > 0 && c.length > 0:
		return expect(1, (c.length+1)*c.layout.offset)
	}
	return nil
}

func (c *Column) checkChildren(depth int) error {
	if c.layout.kind == kindList && len(c.Children) != 1 {
		return c.bad("a list has one child, not %d", len(c.Children))
	}
	if c.layout.kind != kindList && c.layout.kind != kindStruct && len(c.Children) > 0 {
		return c.bad("format '%s' has no children", c.Format)
	}
	for _, child := range c.Children {
		if err := child.check(depth + 1); err != nil {
			return err
		}
		if c.layout.kind == kindStruct && child.length != c.length {
			return c.bad("child '%s' has %d rows of %d", child.Name, child.length, c.length)
		}
	}
	if c.layout.kind == kindList && c.Children[0].length > manyRows {
		if err := c.Children[0].checkBacked(c.Children[0].length); err != nil {
			return err
		}
	}
	if c.Dictionary == nil {
		return nil
	}
	if len(c.Format) != 1 || strings.IndexByte("cCsSiIlL", c.Format[0]) < 0 {
		return c.bad("format '%s' cannot be an index of a dictionary", c.Format)
	}
	return c.Dictionary.check(depth + 1)
}

// checkBacked refuses a few bytes that would become rows that fill the machine.
func (c *Column) checkBacked(rows int) error {
	if rows > manyRows && c.bytesBehind() < rows/8 {
		return c.bad("claims %d rows and has %d bytes; beyond %d each row has a bit", rows, c.bytesBehind(), manyRows)
	}
	return nil
}

func (c *Column) bytesBehind() int {
	total := 0
	for index := range c.buffers {
		total += c.buffers[index].size()
	}
	for _, child := range c.Children {
		total += child.bytesBehind()
	}
	return total
}

// verify proves what needs a look at every row: offsets rise and stay within the data, dictionary indices exist, nulls are
// counted right. It runs once, before the first use.
func (c *Column) verify() error {
	if c.verified {
		return nil
	}
	if c.layout.buffers > 0 && c.nullCount > 0 {
		if nulls := c.length - ones(c.buffers[0].bytes(), c.length); nulls != c.nullCount {
			return c.bad("%d nulls, not %d as it says", nulls, c.nullCount)
		}
	}
	if c.layout.offset > 0 && c.length > 0 {
		if err := c.verifyOffsets(); err != nil {
			return err
		}
	}
	if c.Dictionary != nil {
		if err := c.verifyIndices(); err != nil {
			return err
		}
	}
	for _, child := range c.Children {
		if err := child.verify(); err != nil {
			return err
		}
	}
	c.verified = true
	return nil
}

func (c *Column) verifyOffsets() error {
	limit := int64(0)
	if c.layout.kind == kindList {
		limit = int64(c.Children[0].length)
	} else {
		limit = int64(c.buffers[2].size())
	}
	before := int64(0)
	for row := 0; row <= c.length; row++ {
		offset := c.offsetAt(row)
		if offset < before || offset > limit {
			return c.bad("offset %d after %d does not rise within %d", offset, before, limit)
		}
		before = offset
	}
	return nil
}

func (c *Column) verifyIndices() error {
	if err := c.Dictionary.verify(); err != nil {
		return err
	}
	for row := 0; row < c.length; row++ {
		if c.IsNull(row) {
			continue
		}
		if index := c.integerAt(row); index < 0 || index >= int64(c.Dictionary.length) {
			return c.bad("index %d into a dictionary of %d", index, c.Dictionary.length)
		}
	}
	return nil
}

func ones(bitmap []byte, count int) int {
	total := 0
	for _, part := range bitmap[:count/8] {
		total += bits.OnesCount8(part)
	}
	if rest := count % 8; rest > 0 {
		total += bits.OnesCount8(bitmap[count/8] & (1<<rest - 1))
	}
	return total
}
