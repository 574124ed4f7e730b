package mortise

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
)

// Frames, as docs/worker-protocol.md, section 2, has them: a prefix of 16 bytes, a header of JSON, segments. Every number
// is checked before anything is allocated.

const (
	magic          = "MTSE"
	prefixSize     = 16
	maxHeader      = 16 << 20
	maxSegments    = 64 << 20
	maxDescriptors = 8
	readAhead      = 64 << 10
)

// errEnded means that the host went away.
var errEnded = errors.New("the socket ended")

// brokenFrame means that the host broke the protocol; nothing that follows can be trusted.
type brokenFrame struct{ error }

func broken(format string, arguments ...any) error {
	return brokenFrame{fmt.Errorf(format, arguments...)}
}

type frame struct {
	header      *objectNode
	segments    [][]byte
	descriptors []int // the receiver closes them
}

type connection struct {
	file    *os.File
	raw     syscall.RawConn
	sending sync.Mutex

	data        []byte // read, not taken yet
	start, end  int
	ancillary   []byte
	descriptors []int
}

func newConnection(descriptor int) (*connection, error) {
	if err := syscall.SetNonblock(descriptor, true); err != nil {
		return nil, err
	}
	syscall.CloseOnExec(descriptor)
	file := os.NewFile(uintptr(descriptor), "host")
	if file == nil {
		return nil, syscall.EBADF
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, err
	}
	room := syscall.CmsgSpace(4 * 2 * maxDescriptors)
	return &connection{file: file, raw: raw, data: make([]byte, readAhead), ancillary: make([]byte, room)}, nil
}

// pack is the bytes of a frame.
func pack(text []byte, segments [][]byte) []byte {
	size := 0
	for _, segment := range segments {
		size += len(segment)
	}
	data := make([]byte, prefixSize, prefixSize+len(text)+size)
	copy(data, magic)
	binary.LittleEndian.PutUint32(data[4:], uint32(len(text)))
	binary.LittleEndian.PutUint32(data[8:], uint32(size))
	data = append(data, text...)
	for _, segment := range segments {
		data = append(data, segment...)
	}
	return data
}

// write hands a frame to the kernel, whole, from any goroutine. Its error means that nobody listens any more.
func (c *connection) write(data []byte) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	_, err := c.file.Write(data)
	return err
}

// receive waits for the next frame: errEnded, brokenFrame, or a frame.
func (c *connection) receive() (*frame, error) {
	for c.end-c.start < prefixSize {
		if err := c.fill(); err != nil {
			return nil, err
		}
	}
	prefix := c.data[c.start:c.end]
	header := int(binary.LittleEndian.Uint32(prefix[4:]))
	size := int(binary.LittleEndian.Uint32(prefix[8:]))
	count := int(binary.LittleEndian.Uint16(prefix[12:]))
	switch {
	case string(prefix[:4]) != magic:
		return nil, broken("a frame begins with %q, not %q", prefix[:4], magic)
	case header < 2 || header > maxHeader:
		return nil, broken("a header of %d bytes; it has 2 to %d", header, maxHeader)
	case size > maxSegments:
		return nil, broken("segments of %d bytes; a frame holds at most %d", size, maxSegments)
	case count > maxDescriptors:
		return nil, broken("%d descriptors; a frame carries at most %d", count, maxDescriptors)
	case binary.LittleEndian.Uint16(prefix[14:]) != 0:
		return nil, broken("the last two bytes of a prefix are not 0")
	}
	body, err := c.take(header + size)
	if err != nil {
		return nil, err
	}
	return c.frameOf(body[:header], body[header:], count)
}

func (c *connection) frameOf(header, data []byte, count int) (*frame, error) {
	if len(c.descriptors) < count || (c.end == c.start && len(c.descriptors) > count) {
		return nil, broken("%d descriptors came, the prefix says %d", len(c.descriptors), count)
	}
	parsed, err := parseHeader(header)
	if err != nil {
		return nil, brokenFrame{err}
	}
	made := &frame{header: parsed, descriptors: c.descriptors[:count:count]}
	c.descriptors = append([]int(nil), c.descriptors[count:]...)
	made.segments, err = cutSegments(parsed, data)
	return made, err
}

func cutSegments(header *objectNode, data []byte) ([][]byte, error) {
	sizes, isList := header.find("segments").([]any)
	if !isList && header.find("segments") != nil {
		return nil, broken("'segments' is not a list")
	}
	var cut [][]byte
	for _, one := range sizes {
		digits, _ := one.(number)
		size, right := digits.integer()
		if !right || size < 0 || size > int64(len(data)) {
			return nil, broken("a segment of size %v in a frame with %d bytes left", one, len(data))
		}
		cut = append(cut, data[:size:size])
		data = data[size:]
	}
	if len(data) > 0 {
		return nil, broken("%d bytes of segments that nobody named", len(data))
	}
	return cut, nil
}

// take cuts the body of a frame whose prefix is at the start, into memory of its own.
func (c *connection) take(size int) ([]byte, error) {
	body := make([]byte, size)
	done := copy(body, c.data[c.start+prefixSize:c.end])
	c.start += prefixSize + done
	for done < size {
		count, err := c.read(body[done:])
		if err != nil {
			return nil, err
		}
		done += count
	}
	return body, nil
}

func (c *connection) fill() error {
	if c.start > 0 {
		copy(c.data, c.data[c.start:c.end])
		c.start, c.end = 0, c.end-c.start
	}
	count, err := c.read(c.data[c.end:])
	c.end += count
	return err
}

// read waits for at least one byte and keeps the descriptors that come beside it.
func (c *connection) read(room []byte) (int, error) {
	var count, size, flags int
	var problem error
	err := c.raw.Read(func(descriptor uintptr) bool {
		for {
			count, size, flags, _, problem = syscall.Recvmsg(int(descriptor), room, c.ancillary, syscall.MSG_CMSG_CLOEXEC)
			if problem != syscall.EINTR {
				return problem != syscall.EAGAIN
			}
		}
	})
	if err != nil || problem != nil || count == 0 {
		return 0, errEnded
	}
	if size > 0 {
		c.keepDescriptors(c.ancillary[:size])
	}
	if flags&syscall.MSG_CTRUNC != 0 {
		return 0, broken("more than %d descriptors came at once", 2*maxDescriptors)
	}
	return count, nil
}

func (c *connection) keepDescriptors(ancillary []byte) {
	messages, err := syscall.ParseSocketControlMessage(ancillary)
	if err != nil {
		return
	}
	for index := range messages {
		if numbers, err := syscall.ParseUnixRights(&messages[index]); err == nil {
			c.descriptors = append(c.descriptors, numbers...)
		}
	}
}
