package mortise

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"unsafe"
)

const alignment = 64

// meter counts bytes copied between shared memory and the plugin since the call began.
type meter struct {
	copied int64
	call   int64
}

// arena is a memory file that the host made, mapped here (docs/worker-protocol.md, section 5).
type arena struct {
	id       int64
	data     []byte
	writable bool
	gone     bool
	meter    *meter
}

// buffer is bytes in place: of a segment, of the plugin's own memory, or of an arena.
type buffer struct {
	data   []byte
	arena  *arena
	offset int64
	call   int64
}

func ownBuffer(data []byte) buffer { return buffer{data: data} }

func (b *buffer) size() int { return len(b.data) }

// bytes are the bytes; what came with a call that is over is not there any more.
func (b *buffer) bytes() []byte {
	if b.arena != nil && b.arena.gone {
		panic(Errorf(CodeConflict, "this value came with a call that is over").
			WithHint("copy what you keep: table.Copy(), tensor.Copy()"))
	}
	return b.data
}

// take is a copy.
func (b *buffer) take() []byte {
	b.count(b.size())
	return append([]byte{}, b.bytes()...)
}

// count notes that so many bytes were copied out of this.
func (b *buffer) count(size int) {
	if b.arena != nil {
		atomic.AddInt64(&b.arena.meter.copied, int64(size))
	}
}

// handedOn is true when it came with the open call in shared memory, so that the host can be given it back by its place.
func (b *buffer) handedOn() bool {
	return b.arena != nil && !b.arena.writable && !b.arena.gone && b.arena.meter.call == b.call
}

type arenas struct {
	meter  meter
	open   map[int64]*arena
	leaves []*arena // dropped while a call was open
}

// add takes over the message `arena`, and the descriptors. An error breaks the protocol.
func (a *arenas) add(header *objectNode, descriptors []int) error {
	defer func() {
		for _, descriptor := range descriptors {
			_ = syscall.Close(descriptor)
		}
	}()
	id, _ := header.integer("arena")
	size, _ := header.integer("size")
	access, _ := header.text("access")
	if _, there := a.open[id]; id <= 0 || there {
		return fmt.Errorf("an arena has a positive number of its own, not %d", id)
	}
	if size <= 0 || size > 1<<46 || (access != "read" && access != "write") || len(descriptors) != 1 {
		return fmt.Errorf("arena %d: size %d, access '%s', %d descriptors", id, size, access, len(descriptors))
	}
	var state syscall.Stat_t
	if err := syscall.Fstat(descriptors[0], &state); err != nil || state.Size < size {
		return fmt.Errorf("arena %d of %d bytes lies in a file of %d", id, size, state.Size)
	}
	protection := syscall.PROT_READ
	if access == "write" {
		protection |= syscall.PROT_WRITE
	}
	data, err := syscall.Mmap(descriptors[0], 0, int(size), protection, syscall.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("arena %d cannot be mapped: %w", id, err)
	}
	if a.open == nil {
		a.open = map[int64]*arena{}
	}
	a.open[id] = &arena{id: id, data: data, writable: access == "write", meter: &a.meter}
	return nil
}

// drop lets an arena go: at once, or after the open call, whose values may look into it.
func (a *arenas) drop(id int64, inCall bool) error {
	dropped, there := a.open[id]
	if !there {
		return fmt.Errorf("there is no arena %d to drop", id)
	}
	delete(a.open, id)
	a.leaves = append(a.leaves, dropped)
	if !inCall {
		a.unmap()
	}
	return nil
}

func (a *arenas) unmap() {
	for _, one := range a.leaves {
		one.gone = true
		_ = syscall.Munmap(one.data)
		one.data = nil
	}
	a.leaves = nil
}

func (a *arenas) nextCall() {
	atomic.StoreInt64(&a.meter.copied, 0)
	a.meter.call++
}

// at finds the bytes of a place; an error when it does not lie within an arena of this connection.
func (a *arenas) at(id, offset, size int64) (buffer, error) {
	found, there := a.open[id]
	if !there {
		return buffer{}, fmt.Errorf("there is no arena %d", id)
	}
	total := int64(len(found.data))
	if offset < 0 || size < 0 || offset > total || size > total-offset {
		return buffer{}, fmt.Errorf("%d bytes at %d lie outside arena %d, which has %d", size, offset, id, total)
	}
	if offset%alignment != 0 {
		return buffer{}, fmt.Errorf("offset %d in arena %d is not a multiple of %d", offset, id, alignment)
	}
	return buffer{found.data[offset : offset+size : offset+size], found, offset, a.meter.call}, nil
}

// within is where in the region's arena these bytes are; -1 when they are elsewhere.
func (b *buffer) within(region *buffer) int64 {
	if len(b.data) == 0 || len(region.data) == 0 || (b.arena != nil && b.arena != region.arena) {
		return -1
	}
	begin := uintptr(unsafe.Pointer(&region.data[0]))
	start := uintptr(unsafe.Pointer(&b.data[0]))
	if start < begin || start-begin+uintptr(len(b.data)) > uintptr(len(region.data)) {
		return -1
	}
	return region.offset + int64(start-begin)
}

// fixedWidth are the types whose slices are views of Arrow's columns and of tensors.
type fixedWidth interface {
	~int8 | ~uint8 | ~int16 | ~uint16 | ~int32 | ~uint32 | ~int64 | ~uint64 | ~float32 | ~float64
}

// view is the first `count` elements in place. What is not aligned is copied (shared memory always is).
func view[T fixedWidth](from *buffer, count int) []T {
	var one T
	width := int(unsafe.Sizeof(one))
	data := from.bytes()[:count*width]
	if count == 0 {
		return []T{}
	}
	if uintptr(unsafe.Pointer(&data[0]))%uintptr(width) == 0 {
		return unsafe.Slice((*T)(unsafe.Pointer(&data[0])), count)
	}
	made := make([]T, count)
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&made[0])), len(data)), data)
	from.count(len(data))
	return made
}

// asBytes is the memory of a slice.
func asBytes[T fixedWidth](elements []T) []byte {
	if len(elements) == 0 {
		return []byte{}
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&elements[0])), len(elements)*int(unsafe.Sizeof(elements[0])))
}
