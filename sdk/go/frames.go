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
	compact     bool  // so its answer may be
}

type connection struct {
	file    *os.File
	raw     syscall.RawConn
	sending sync.Mutex
	ring    *ring // nil: everything goes over the socket

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
	putPrefix(data, len(text), size)
	data = append(data, text...)
	for _, segment := range segments {
		data = append(data, segment...)
	}
	return data
}

func putPrefix(data []byte, header, segments int) {
	copy(data, magic)
	binary.LittleEndian.PutUint32(data[4:], uint32(header))
	binary.LittleEndian.PutUint32(data[8:], uint32(segments))
}

// write hands a frame to the kernel, whole, from any goroutine. Its error means that nobody listens any more.
func (c *connection) write(data []byte) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	if c.ring != nil {
		inRing, mark, err := c.ring.send(data)
		if err == nil && mark != "" {
			_, err = c.file.Write([]byte(mark))
		}
		if err != nil || inRing {
			return err
		}
	}
	_, err := c.file.Write(data)
	return err
}

// useRing sends what is left to say over the socket alone, then everything through the ring where it fits.
func (c *connection) useRing(used *ring, last []byte) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	_, err := c.file.Write(last)
	c.ring = used
	return err
}

// receive waits for the next frame: errEnded, brokenFrame, or a frame.
func (c *connection) receive() (*frame, error) {
	if c.ring == nil {
		return c.receiveFromSocket()
	}
	for {
		if !c.ring.away {
			header, data, err := c.ring.cut()
			if header != nil || err != nil {
				return parsed(header, data, err)
			}
		}
		for c.takeMark(markBell) {
		}
		var err error
		switch held := c.end - c.start; {
		case c.ring.away && c.takeMark(markInRing):
			c.ring.away = false
		case c.ring.away && held < prefixSize:
			err = c.fill()
		case c.ring.away:
			return c.receiveFromSocket()
		case held < prefixSize:
			err = c.waitAtRing()
		default:
			var there bool
			if there, err = c.ring.fetch(); err == nil && !there {
				err = broken("a frame came over the socket while the ring was in use")
			}
		}
		if err != nil {
			return nil, err
		}
	}
}

// waitAtRing looks for a moment, sleeps at the futex for another, then at the socket. What is in the ring counts, whatever became of the socket.
func (c *connection) waitAtRing() error {
	if there, err := c.ring.fetch(); there || err != nil {
		return err
	}
	var ended error
	if !c.ring.look() && c.ring.sleep() && c.ring.doze(atSocket) {
		ended = c.fill()
		c.ring.awake()
	}
	if there, err := c.ring.fetch(); there || err != nil {
		return err
	}
	return ended
}

// takeMark takes a mark off the front of what came over the socket, if it is there.
func (c *connection) takeMark(mark string) bool {
	if c.end-c.start < len(mark) || string(c.data[c.start:c.start+len(mark)]) != mark {
		return false
	}
	c.start += len(mark)
	return true
}

func (c *connection) receiveFromSocket() (*frame, error) {
	for c.end-c.start < prefixSize {
		if err := c.fill(); err != nil {
			return nil, err
		}
	}
	header, size, count, err := checkPrefix(c.data[c.start:c.end])
	if err != nil {
		return nil, err
	}
	body, err := c.take(header + size)
	if err != nil {
		return nil, err
	}
	return c.frameOf(body[:header], body[header:], count)
}

// checkPrefix reads the 16 bytes in front of a frame: the sizes of header and segments, and the number of descriptors.
func checkPrefix(prefix []byte) (header, size, count int, err error) {
	header = int(binary.LittleEndian.Uint32(prefix[4:]))
	size = int(binary.LittleEndian.Uint32(prefix[8:]))
	count = int(binary.LittleEndian.Uint16(prefix[12:]))
	switch {
	case string(prefix[:4]) != magic:
		err = broken("a frame begins with %q, not %q", prefix[:4], magic)
	case header < 2 || header > maxHeader:
		err = broken("a header of %d bytes; it has 2 to %d", header, maxHeader)
	case size > maxSegments:
		err = broken("segments of %d bytes; a frame holds at most %d", size, maxSegments)
	case count > maxDescriptors:
		err = broken("%d descriptors; a frame carries at most %d", count, maxDescriptors)
	case binary.LittleEndian.Uint16(prefix[14:]) != 0:
		err = broken("the last two bytes of a prefix are not 0")
	}
	return header, size, count, err
}

func (c *connection) frameOf(header, data []byte, count int) (*frame, error) {
	if len(c.descriptors) < count || (c.end == c.start && len(c.descriptors) > count) {
		return nil, broken("%d descriptors came, the prefix says %d", len(c.descriptors), count)
	}
	made, err := parsed(header, data, nil)
	if err != nil {
		return nil, err
	}
	made.descriptors = c.descriptors[:count:count]
	c.descriptors = append([]int(nil), c.descriptors[count:]...)
	return made, nil
}

// parsed is a frame without its descriptors, unless there was a problem before.
func parsed(header, data []byte, problem error) (*frame, error) {
	if problem != nil {
		return nil, problem
	}
	if header[0] == compactCall || header[0] == compactResult {
		return parseCompact(header, data)
	}
	object, err := parseHeader(header)
	if err != nil {
		return nil, brokenFrame{err}
	}
	segments, err := cutSegments(object, data)
	return &frame{header: object, segments: segments}, err
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
