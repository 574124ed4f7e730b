package mortise

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Cells: the rows of a column as Go values.
//
//	numbers              int64 (uint64 beyond it), float64     text, bytes        string, []byte
//	bool                 bool                                  date, timestamp    time.Time
//	duration             int64 of its unit                     time of day        a text, "13:37:00"
//	decimal              a text, "123.45"                      struct, list       *Map, []any
//
// A row that is null is nil. These copy; the typed views of table.go do not.

// Value is one row, nil when it is null.
func (c *Column) Value(row int) (any, error) {
	if row < 0 || row >= c.length {
		return nil, c.bad("there is no row %d of %d", row, c.length)
	}
	if err := c.verify(); err != nil {
		return nil, err
	}
	return c.cell(row), nil
}

// Values are all rows.
func (c *Column) Values() ([]any, error) {
	if err := c.verify(); err != nil {
		return nil, err
	}
	cells := make([]any, c.length)
	for row := range cells {
		cells[row] = c.cell(row)
	}
	c.countAll()
	return cells, nil
}

func (c *Column) countAll() {
	for index := range c.buffers {
		c.buffers[index].count(c.buffers[index].size())
	}
	for _, child := range c.Children {
		child.countAll()
	}
}

func (c *Column) offsetAt(row int) int64 {
	data := c.buffers[1].bytes()
	if c.layout.offset == 4 {
		return int64(int32(binary.LittleEndian.Uint32(data[row*4:])))
	}
	return int64(binary.LittleEndian.Uint64(data[row*8:]))
}

// integerAt is a row of integers, of whatever width; beyond int64 it is -1.
func (c *Column) integerAt(row int) int64 {
	data := c.buffers[1].bytes()
	switch c.Format[0] {
	case 'c':
		return int64(int8(data[row]))
	case 'C':
		return int64(data[row])
	case 's':
		return int64(int16(binary.LittleEndian.Uint16(data[row*2:])))
	case 'S':
		return int64(binary.LittleEndian.Uint16(data[row*2:]))
	case 'I':
		return int64(binary.LittleEndian.Uint32(data[row*4:]))
	case 'L':
		if value := binary.LittleEndian.Uint64(data[row*8:]); value <= math.MaxInt64 {
			return int64(value)
		}
		return -1
	}
	if c.layout.width == 4 {
		return int64(int32(binary.LittleEndian.Uint32(data[row*4:])))
	}
	return int64(binary.LittleEndian.Uint64(data[row*8:]))
}

// cell is one row of a column that was verified.
func (c *Column) cell(row int) any {
	if c.IsNull(row) {
		return nil
	}
	if c.Dictionary != nil {
		return c.Dictionary.cell(int(c.integerAt(row)))
	}
	switch c.layout.kind {
	case kindBool:
		return bitAt(c.buffers[1].bytes(), row)
	case kindNumber:
		return c.numberAt(row)
	case kindText, kindBytes:
		return c.textAt(row)
	case kindFixed:
		return append([]byte{}, c.buffers[1].bytes()[row*c.layout.width:(row+1)*c.layout.width]...)
	case kindDecimal:
		return c.decimalAt(row)
	case kindDate:
		if c.layout.width == 4 {
			return time.Unix(c.integerAt(row)*86_400, 0).UTC()
		}
		return time.UnixMilli(c.integerAt(row)).UTC()
	case kindTimestamp:
		return momentOf(c.integerAt(row), c.Format[2])
	case kindTimeOfDay:
		return clockText(c.integerAt(row), c.Format[2])
	case kindDuration:
		return c.integerAt(row)
	case kindStruct, kindList:
		return c.nestedAt(row)
	}
	return nil
}

func (c *Column) numberAt(row int) any {
	data := c.buffers[1].bytes()
	switch c.Format {
	case "e":
		return halfToFloat(binary.LittleEndian.Uint16(data[row*2:]))
	case "f":
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(data[row*4:])))
	case "g":
		return math.Float64frombits(binary.LittleEndian.Uint64(data[row*8:]))
	case "L":
		if value := binary.LittleEndian.Uint64(data[row*8:]); value > math.MaxInt64 {
			return value
		}
	}
	return c.integerAt(row)
}

func (c *Column) textAt(row int) any {
	part := c.buffers[2].bytes()[c.offsetAt(row):c.offsetAt(row+1)]
	if c.layout.kind == kindText {
		return string(part)
	}
	return append([]byte{}, part...)
}

func (c *Column) nestedAt(row int) any {
	if c.layout.kind == kindStruct {
		made := NewMap()
		for _, child := range c.Children {
			made.Set(child.Name, child.cell(row))
		}
		return made
	}
	items := []any{}
	for at := c.offsetAt(row); at < c.offsetAt(row+1); at++ {
		items = append(items, c.Children[0].cell(int(at)))
	}
	return items
}

func (c *Column) decimalAt(row int) string {
	data := c.buffers[1].bytes()[row*16 : row*16+16]
	digits := make([]byte, 16)
	for index := range digits {
		digits[index] = data[15-index]
	}
	value := new(big.Int).SetBytes(digits)
	if data[15]&0x80 != 0 {
		value.Sub(value, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	scale, _ := strconv.Atoi(c.Format[strings.IndexByte(c.Format, ',')+1:])
	text := new(big.Int).Abs(value).String()
	if scale > 0 {
		text = strings.Repeat("0", max(0, scale+1-len(text))) + text
		text = text[:len(text)-scale] + "." + text[len(text)-scale:]
	} else if scale < 0 && text != "0" {
		text += strings.Repeat("0", min(-scale, 64))
	}
	if value.Sign() < 0 {
		return "-" + text
	}
	return text
}

func momentOf(count int64, unit byte) time.Time {
	switch unit {
	case 's':
		return time.Unix(count, 0).UTC()
	case 'm':
		return time.UnixMilli(count).UTC()
	case 'u':
		return time.UnixMicro(count).UTC()
	}
	return time.Unix(0, count).UTC()
}

func clockText(count int64, unit byte) string {
	text := momentOf(count, unit).Format("15:04:05.999999999")
	if count < 0 {
		return fmt.Sprint(count)
	}
	return text
}

func halfToFloat(half uint16) float64 {
	sign, exponent, fraction := float64(1), int(half>>10&0x1F), float64(half&0x3FF)
	if half&0x8000 != 0 {
		sign = -1
	}
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 31:
		if fraction != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1+fraction/1024, exponent-15)
}

func max(a, b int) int {
	if a > b {
		return a
	}
	return b
}

func (c *Column) floatAt(row int) float64 {
	if c.IsNull(row) {
		return math.NaN()
	}
	switch number := c.numberAt(row).(type) {
	case float64:
		return number
	case int64:
		return float64(number)
	case uint64:
		return float64(number)
	}
	return math.NaN()
}
