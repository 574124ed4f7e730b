package mortise

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// compactCallOf is the header of a call as a host writes it.
func compactCallOf(method string, form byte, value string, sizes ...uint32) []byte {
	head := make([]byte, compactHead)
	head[0], head[1], head[2] = compactCall, 7, form
	binary.LittleEndian.PutUint16(head[4:], uint16(len(method)))
	binary.LittleEndian.PutUint16(head[6:], uint16(len(sizes)))
	binary.LittleEndian.PutUint64(head[8:], 5)
	binary.LittleEndian.PutUint64(head[16:], 250)
	head = append(append(head, method...), value...)
	for _, size := range sizes {
		head = binary.LittleEndian.AppendUint32(head, size)
	}
	return head
}

func TestACompactCallReadsAsOneOfJSONDoes(t *testing.T) {
	got, err := parsed(compactCallOf("echo", compactText, "ž\"\\\n"), nil, nil)
	if err != nil || !got.compact {
		t.Fatalf("%v, %v", got, err)
	}
	kind, _ := got.header.text("t")
	id, _ := got.header.integer("id")
	operation, _ := got.header.text("op")
	method, _ := got.header.text("method")
	timeout, _ := got.header.integer("timeout_ms")
	if kind != "call" || id != 5 || operation != "call" || method != "echo" || timeout != 250 {
		t.Errorf("%q %d %q %q %d", kind, id, operation, method, timeout)
	}
	if text, _ := got.header.text("input"); text != "ž\"\\\n" {
		t.Errorf("the input is %q", text)
	}
	got, err = parsed(compactCallOf("echo", compactJSON, `{"$bytes":{"segment":1}}`, 2, 3), []byte("aabbb"), nil)
	if err != nil {
		t.Fatal(err)
	}
	value, err := (&incoming{segments: got.segments}).decode(got.header.find("input"), "input")
	if data, _ := value.([]byte); err != nil || string(data) != "bbb" {
		t.Errorf("%v, %v", value, err)
	}
}

func TestWhatBreaksACompactHeaderIsRefused(t *testing.T) {
	sound := compactCallOf("echo", compactText, "hello")
	with := func(at int, to byte) []byte {
		broken := bytes.Clone(sound)
		broken[at] = to
		return broken
	}
	for name, header := range map[string][]byte{
		"a result":              with(0, compactResult),
		"cut":                   sound[:23],
		"an unknown form":       with(2, 2),
		"the reserved byte":     with(3, 1),
		"a method beyond it":    with(5, 1),
		"segments beyond it":    with(7, 1),
		"no id":                 with(8, 0),
		"an id beyond int64":    with(15, 0x80),
		"a time beyond int64":   with(23, 0x80),
		"a method not UTF-8":    with(24, 0xFF),
		"a text not UTF-8":      with(28, 0xFF),
		"JSON that is none":     with(2, compactJSON),
		"a letter in two parts": compactCallOf("ab\xC5", compactText, "\xBE"),
		"a segment too many":    compactCallOf("echo", compactText, "x", 1),
	} {
		if _, err := parsed(header, nil, nil); err == nil {
			t.Errorf("%s was not refused", name)
		} else if _, isBroken := err.(brokenFrame); !isBroken {
			t.Errorf("%s is answered by %v, which does not end the connection", name, err)
		}
	}
	if _, err := parsed(sound, []byte("x"), nil); err == nil {
		t.Error("a byte of segments that nobody named was not refused")
	}
}

func TestACompactResultHasItsHeadItsValueAndItsSizes(t *testing.T) {
	for _, one := range []struct {
		value any
		form  byte
		text  string
		rest  string
	}{
		{"ž\"", compactText, "ž\"", ""},
		{int64(3), compactJSON, "3", ""},
		{bytes.Repeat([]byte("a"), 300), compactJSON, `{"$bytes":{"segment":0}}` + "\x2c\x01\x00\x00", strings.Repeat("a", 300)},
	} {
		out := &outgoing{compact: true}
		if err := out.result(5, one.value, "result"); err != nil {
			t.Fatal(err)
		}
		data := out.resultFrame(5, 9)
		header, size, _, err := checkPrefix(data)
		if err != nil || len(data) != prefixSize+header+size {
			t.Fatalf("%v: %d bytes, %d and %d in its prefix", err, len(data), header, size)
		}
		head, body := data[prefixSize:prefixSize+compactHead], data[prefixSize+compactHead:prefixSize+header]
		if head[0] != compactResult || head[2] != one.form || binary.LittleEndian.Uint64(head[8:]) != 5 || binary.LittleEndian.Uint64(head[16:]) != 9 {
			t.Errorf("the head is %v", head)
		}
		if string(body) != one.text || string(data[prefixSize+header:]) != one.rest {
			t.Errorf("%q and %d more", body, size)
		}
	}
	if err := (&outgoing{compact: true}).result(5, "\xFF", "result"); err == nil {
		t.Error("a text that is not UTF-8 was written")
	}
}
