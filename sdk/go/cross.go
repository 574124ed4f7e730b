package mortise

// cross is a value as the other side sees it: encoded, everything beside it as segments, and decoded.
func cross(value any) (any, error) {
	out := &outgoing{}
	out.raw(`{"value":`)
	if err := out.encode(value, ""); err != nil {
		return nil, err
	}
	shared := &arenas{}
	err := out.finish(func(size int) (buffer, error) {
		made := &arena{id: 1, data: make([]byte, size), meter: &shared.meter}
		shared.open = map[int64]*arena{1: made}
		return shared.at(1, 0, int64(size))
	})
	if err != nil {
		return nil, err
	}
	out.raw("}")
	header, err := parseHeader(out.text)
	if err != nil {
		return nil, err
	}
	in := &incoming{segments: out.segments, arenas: shared}
	return in.decode(header.find("value"), "")
}
