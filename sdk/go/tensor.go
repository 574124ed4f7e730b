package mortise

var widths = map[string]int{
	"BOOL": 1, "UINT8": 1, "UINT16": 2, "UINT32": 4, "UINT64": 8, "INT8": 1, "INT16": 2, "INT32": 4, "INT64": 8,
	"FP16": 2, "FP32": 4, "FP64": 8,
}

const maxRank = 32

// Tensor is a dense array, row-major, little-endian, whose bytes stay where they are until somebody copies them. One that
// came with a call is read-only and lives as long as the call.
type Tensor struct {
	DType string
	Shape []int
	data  buffer
}

// NewTensor makes one over these bytes, without a copy.
func NewTensor(dtype string, shape []int, data []byte) (*Tensor, error) {
	return newTensor(dtype, shape, ownBuffer(data))
}

func newTensor(dtype string, shape []int, data buffer) (*Tensor, error) {
	size, known := widths[dtype]
	if !known {
		return nil, Invalid("'%.40s' is not a type of tensors", dtype)
	}
	if len(shape) > maxRank {
		return nil, Invalid("a tensor of rank %d; at most %d", len(shape), maxRank)
	}
	empty := false
	for _, extent := range shape {
		if extent < 0 {
			return nil, Invalid("a tensor of shape %v; sizes are whole numbers from 0", shape)
		}
		empty = empty || extent == 0
	}
	for _, extent := range shape {
		if empty {
			size = 0
		} else if size > (1<<46)/extent {
			return nil, Invalid("a tensor of shape %v is beyond what memory holds", shape)
		} else {
			size *= extent
		}
	}
	if data.size() != size {
		return nil, Invalid("a tensor of %s %v has %d bytes, not %d", dtype, shape, size, data.size())
	}
	return &Tensor{dtype, append([]int{}, shape...), data}, nil
}

// TensorOf makes a tensor of FP64, FP32, INT64 and so on over the slice, without a copy. Without a shape it has one axis.
func TensorOf[T fixedWidth](elements []T, shape ...int) (*Tensor, error) {
	if len(shape) == 0 {
		shape = []int{len(elements)}
	}
	return NewTensor(dtypeOf[T](), shape, asBytes(elements))
}

func dtypeOf[T fixedWidth]() string {
	switch any(*new(T)).(type) {
	case int8:
		return "INT8"
	case uint8:
		return "UINT8"
	case int16:
		return "INT16"
	case uint16:
		return "UINT16"
	case int32:
		return "INT32"
	case uint32:
		return "UINT32"
	case int64:
		return "INT64"
	case uint64:
		return "UINT64"
	case float32:
		return "FP32"
	case float64:
		return "FP64"
	}
	return ""
}

// TensorView is the elements in place, when the tensor is of that type: TensorView[float64](t).
func TensorView[T fixedWidth](t *Tensor) ([]T, error) {
	if dtypeOf[T]() != t.DType {
		return nil, Invalid("the tensor is %s, not %s", t.DType, dtypeOf[T]())
	}
	return view[T](&t.data, t.data.size()/widths[t.DType]), nil
}

// Bytes are the elements' bytes in place.
func (t *Tensor) Bytes() []byte { return t.data.bytes() }

// Copy is the same in memory of its own, for keeping it beyond the call.
func (t *Tensor) Copy() *Tensor {
	return &Tensor{t.DType, t.Shape, ownBuffer(t.data.take())}
}

// Floats are the elements of any tensor as float64. It copies.
func (t *Tensor) Floats() ([]float64, error) {
	format, known := map[string]string{
		"UINT8": "C", "UINT16": "S", "UINT32": "I", "UINT64": "L", "INT8": "c", "INT16": "s", "INT32": "i", "INT64": "l",
		"FP16": "e", "FP32": "f", "FP64": "g", "BOOL": "C",
	}[t.DType]
	if !known {
		return nil, Invalid("a tensor of %s has no numbers", t.DType)
	}
	shape, _ := layoutOf(format)
	column := &Column{Name: "tensor", Format: format, length: t.data.size() / shape.width, buffers: []buffer{{}, t.data}, layout: shape}
	numbers, err := column.Floats()
	if err != nil {
		return nil, err
	}
	return append([]float64{}, numbers...), nil
}
