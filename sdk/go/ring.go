package mortise

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// The ring: frames through shared memory, beside the socket (docs/worker-protocol.md, section 6). What comes is copied out
// before it is looked at. Who looked in vain sleeps on a futex for a moment, then at the socket, where the host rings a bell.

const (
	ringControl  = 4096
	ringSmallest = 4 << 10
	ringLargest  = 16 << 20
	longestSpin  = 1000 // microseconds
	longYield    = 100 * time.Microsecond
	futexMoment  = 10 * time.Millisecond
	usualRoom    = 16 << 10
	atFutex      = 1
	atSocket     = 2
)

var (
	markOnSocket = "MTSS" + string(make([]byte, 12)) // in the ring: the stream goes on at the socket
	markInRing   = "MTSR" + string(make([]byte, 12)) // on the socket: the stream goes on in the ring
	markBell     = "MTSB" + string(make([]byte, 12)) // on the socket: look into the ring
)

// lane is one direction: its words, one writer each, and its bytes.
type lane struct {
	tail, head, asleep *uint32
	data               []byte
}

type ring struct {
	spin *uint32
	out  lane
	in   lane

	// The sending half, under connection.sending.
	written, knownRead uint32
	sentAway           bool

	// The receiving half.
	read  uint32
	copy  []byte // out of the ring, not taken yet
	room  []byte // for the next copy; nil once segments of the last one were given out, which values may go on using
	away  bool   // what we read goes on at the socket
	looks looks
}

func newRing(descriptor int, capacity int64) (*ring, error) {
	if capacity < ringSmallest || capacity > ringLargest || capacity&(capacity-1) != 0 {
		return nil, Invalid("a ring of %d bytes; it has a power of two from %d to %d", capacity, ringSmallest, ringLargest)
	}
	size := ringControl + 2*int(capacity)
	var state syscall.Stat_t
	if err := syscall.Fstat(descriptor, &state); err != nil || state.Size < int64(size) {
		return nil, Invalid("the memory of a ring of %d bytes is too short", capacity)
	}
	memory, err := syscall.Mmap(descriptor, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, Invalid("the memory of a ring cannot be mapped: %v", err)
	}
	word := func(at int) *uint32 { return (*uint32)(unsafe.Pointer(&memory[at])) }
	data := memory[ringControl:]
	return &ring{
		spin: word(0),
		in:   lane{word(64), word(128), word(192), data[:capacity]},
		out:  lane{word(256), word(320), word(384), data[capacity:]},
	}, nil
}

// send puts a frame into the ring, or says there that it goes over the socket. It tells whether the frame is in the ring,
// and what is to be sent over the socket before anything else.
func (r *ring) send(frame []byte) (inRing bool, mark string, err error) {
	wasAway := r.sentAway
	room, err := r.hasRoom(len(frame))
	if err != nil {
		return false, "", err
	}
	r.sentAway = !room
	switch {
	case room:
		r.put(frame)
	case wasAway:
		return false, "", nil
	default:
		r.put([]byte(markOnSocket))
	}
	atomic.StoreUint32(r.out.tail, r.written)
	if wasAway {
		return true, markInRing, nil // the reader waits at the socket
	}
	switch atomic.LoadUint32(r.out.asleep) {
	case atFutex:
		futexWake(r.out.tail)
	case atSocket:
		if room {
			return true, markBell, nil
		}
	}
	return room, "", nil
}

// hasRoom keeps room for a mark. Back from the socket it goes only when half of the ring is free.
func (r *ring) hasRoom(size int) (bool, error) {
	capacity := uint32(len(r.out.data))
	if size > int(capacity/2) {
		return false, nil
	}
	wanted := uint32(size + prefixSize)
	if r.sentAway && wanted < capacity/2 {
		wanted = capacity / 2
	}
	if capacity-(r.written-r.knownRead) >= wanted {
		return true, nil
	}
	read := atomic.LoadUint32(r.out.head)
	if read-r.knownRead > r.written-r.knownRead {
		return false, broken("the host says that it read what was never written into the ring")
	}
	r.knownRead = read
	return capacity-(r.written-read) >= wanted, nil
}

func (r *ring) put(data []byte) {
	at := int(r.written) & (len(r.out.data) - 1)
	copy(r.out.data, data[copy(r.out.data[at:], data):])
	r.written += uint32(len(data))
}

// fetch copies out what is there, unless the last copy is not used up.
func (r *ring) fetch() (bool, error) {
	if len(r.copy) > 0 {
		return !r.away, nil
	}
	there := atomic.LoadUint32(r.in.tail) - r.read
	if there == 0 {
		return false, nil
	}
	capacity := uint32(len(r.in.data))
	if there > capacity {
		return false, broken("a ring of %d bytes holds %d, says the host", capacity, there)
	}
	if cap(r.room) < int(there) {
		r.room = make([]byte, max(int(there), usualRoom))
	}
	r.copy = r.room[:there]
	at := int(r.read & (capacity - 1))
	copied := copy(r.copy, r.in.data[at:])
	copy(r.copy[copied:], r.in.data)
	r.read += there
	atomic.StoreUint32(r.in.head, r.read)
	return !r.away, nil
}

// cut is the body of the next frame of the copy; frames are whole there. A mark sends us to the socket.
func (r *ring) cut() (header, segments []byte, err error) {
	if len(r.copy) == 0 {
		return nil, nil, nil
	}
	if len(r.copy) < prefixSize {
		return nil, nil, broken("a frame in the ring is cut")
	}
	if string(r.copy[:prefixSize]) == markOnSocket {
		r.copy = r.copy[prefixSize:]
		r.away = true
		return nil, nil, nil
	}
	size, rest, descriptors, err := checkPrefix(r.copy)
	if err != nil {
		return nil, nil, err
	}
	if len(r.copy)-prefixSize < size+rest || descriptors != 0 {
		return nil, nil, broken("a frame in the ring is cut, or announces descriptors")
	}
	if rest > 0 {
		r.room = nil
	}
	body := r.copy[prefixSize : prefixSize+size+rest]
	r.copy = r.copy[prefixSize+size+rest:]
	return body[:size:size], body[size:], nil
}

// look looks for as long as the host allows, giving the processor away in between.
func (r *ring) look() bool {
	there := func() bool { return atomic.LoadUint32(r.in.tail) != r.read }
	budget := min(int(atomic.LoadUint32(r.spin)), longestSpin)
	return there() || r.looks.look(time.Duration(budget)*time.Microsecond, there)
}

// sleep sleeps on the futex, for a moment only: it says nothing of the host's death. True: nothing came.
func (r *ring) sleep() bool {
	runtime.Gosched() // a plugin that has just been given its call works first
	if !r.doze(atFutex) {
		return false
	}
	futexWait(r.in.tail, r.read, futexMoment)
	r.awake()
	return atomic.LoadUint32(r.in.tail) == r.read
}

// doze goes before a sleep. False: something is here, and we are awake again.
func (r *ring) doze(where uint32) bool {
	atomic.StoreUint32(r.in.asleep, where)
	if atomic.LoadUint32(r.in.tail) == r.read {
		return true
	}
	r.awake()
	return false
}

func (r *ring) awake() { atomic.StoreUint32(r.in.asleep, 0) }

// looks knows whether looking is worth it, from what came of it.
type looks struct {
	skip, skipped int
	pauses        int // in a row
	notBefore     time.Time
}

func (l *looks) look(most time.Duration, there func() bool) bool {
	if most <= 0 {
		return false
	}
	begin := time.Now()
	if begin.Before(l.notBefore) {
		return false
	}
	if l.skipped < l.skip {
		l.skipped++
		return false
	}
	for before := begin; ; {
		runtime.Gosched() // the plugin's goroutines first, then other processes
		if there() {
			*l = looks{}
			return true
		}
		_, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0)
		now := time.Now()
		switch {
		case there():
			*l = looks{}
			return true
		case now.Sub(before) > longYield: // somebody else wants the processor
			l.pauses = min(l.pauses+1, 8)
			l.notBefore = now.Add(5 * time.Millisecond << l.pauses) // 10, 20 ... 1280 ms
			return false
		case now.Sub(begin) >= most:
			l.skipped, l.skip = 0, max(1, min(2*l.skip, 8))
			return false
		}
		before = now
	}
}

const (
	futexWaitOperation = 0
	futexWakeOperation = 1
)

// futexWait tells the scheduler that it blocks, unlike futexWake, which does not.
func futexWait(word *uint32, value uint32, most time.Duration) {
	until := syscall.NsecToTimespec(int64(most))
	_, _, _ = syscall.Syscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWaitOperation, uintptr(value),
		uintptr(unsafe.Pointer(&until)), 0, 0)
}

func futexWake(word *uint32) {
	const all = 1<<31 - 1
	_, _, _ = syscall.RawSyscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWakeOperation, all, 0, 0, 0)
}
