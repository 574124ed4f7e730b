package mortise

import (
	"encoding/binary"
	"math"
	"strconv"
	"unicode/utf8"
)

// Compact headers: calls and their results without JSON around the value, as docs/worker-protocol.md, section 2, has them:
// 24 bytes, the method of a call, the value (a text as it is, or JSON), the sizes of the segments. A worker answers compactly
// only what came so.

const (
	compactHead   = 24
	compactCall   = 1
	compactResult = 2
	compactJSON   = 0
	compactText   = 1
	sizeWidth     = 4
)

var (
	compactKeys  = []string{"t", "id", "op", "method", "timeout_ms", "input"}
	compactWords = [...]string{"", "validate", "step", "execute", "poll", "aggregate", "infer", "call", "health"}
)

// parseCompact reads the header of a call, as an object with the keys that JSON would have, and cuts its segments.
func parseCompact(data, rest []byte) (*frame, error) {
	if len(data) < compactHead || data[0] != compactCall {
		return nil, broken("a compact header of kind %d and %d bytes; a call has kind 1 and at least 24 bytes", data[0], len(data))
	}
	form := data[2]
	begin := compactHead + int(binary.LittleEndian.Uint16(data[4:]))
	end := len(data) - sizeWidth*int(binary.LittleEndian.Uint16(data[6:]))
	id, timeout := binary.LittleEndian.Uint64(data[8:]), binary.LittleEndian.Uint64(data[16:])
	switch {
	case form > compactText || data[3] != 0:
		return nil, broken("a compact header with the form %d and the reserved byte %d", form, data[3])
	case end < begin:
		return nil, broken("a compact header of %d bytes, too few for its method and segments", len(data))
	case id == 0 || id > math.MaxInt64 || timeout > math.MaxInt64:
		return nil, broken("a compact header with the id %d and %d ms", id, timeout)
	case !utf8.Valid(data[compactHead:begin]) || !utf8.Valid(data[begin:end]):
		return nil, broken("a header is not UTF-8")
	}
	value, err := compactValue(data[begin:end], form)
	if err != nil {
		return nil, brokenFrame{err}
	}
	operation := ""
	if int(data[1]) < len(compactWords) {
		operation = compactWords[data[1]]
	}
	values := []any{"call", int64(id), operation, string(data[compactHead:begin]), int64(timeout), value}
	segments, err := compactSegments(data[end:], rest)
	return &frame{header: &objectNode{keys: compactKeys, values: values}, segments: segments, compact: true}, err
}

func compactValue(data []byte, form byte) (any, error) {
	if form == compactText {
		return string(data), nil
	}
	return parseJSON(data)
}

func compactSegments(sizes, data []byte) ([][]byte, error) {
	var cut [][]byte
	for ; len(sizes) > 0; sizes = sizes[sizeWidth:] {
		size := uint64(binary.LittleEndian.Uint32(sizes))
		if size > uint64(len(data)) {
			return nil, broken("a segment of size %d in a frame with %d bytes left", size, len(data))
		}
		cut = append(cut, data[:size:size])
		data = data[size:]
	}
	if len(data) > 0 {
		return nil, broken("%d bytes of segments that nobody named", len(data))
	}
	return cut, nil
}

// compactly encodes a result that went well; its head is filled in by compactFrame. False: it needs a JSON header.
func (o *outgoing) compactly(value any, root string) (bool, error) {
	var head [prefixSize + compactHead]byte
	o.text = append(o.room[:0], head[:]...)
	if text, isText := value.(string); isText && utf8.ValidString(text) {
		o.text = append(o.text, text...)
		o.form = compactText
		return true, nil
	}
	err := o.encode(value, root)
	return len(o.segments) <= math.MaxUint16, err
}

// compactFrame is the whole frame of what compactly encoded.
func (o *outgoing) compactFrame(id, copied int64) []byte {
	data := o.text
	for _, segment := range o.segments {
		data = binary.LittleEndian.AppendUint32(data, uint32(len(segment)))
	}
	head := data[prefixSize:]
	head[0], head[2] = compactResult, o.form
	binary.LittleEndian.PutUint16(head[6:], uint16(len(o.segments)))
	binary.LittleEndian.PutUint64(head[8:], uint64(id))
	binary.LittleEndian.PutUint64(head[16:], uint64(copied))
	putPrefix(data, len(head), o.size)
	for _, segment := range o.segments {
		data = append(data, segment...)
	}
	return data
}

// result encodes what a call returned, compactly where it was asked to and can, up to the sizes of its segments.
func (o *outgoing) result(id int64, value any, root string) error {
	if o.compact {
		if done, err := o.compactly(value, root); err != nil || done {
			return err
		}
		*o = outgoing{regions: o.regions}
	}
	o.raw(`{"t":"result","id":` + strconv.FormatInt(id, 10) + `,"status":"ok","value":`)
	return o.encode(value, root)
}
