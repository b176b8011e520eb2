package tensorfile

import "io"

// scatterer reads elements in storage order and puts them where strides say, block by block, so that a transposed tensor
// needs no second copy.
type scatterer struct {
	t       Type
	r       io.Reader
	shape   []int // in storage order
	strides []int // of each axis in the result
	block   []float32
	offsets []int // in the result, of each element of a row of the block
}

// blockSize is the number of elements read at once: 1 MiB of float32, which a processor's cache holds.
const blockSize = 256 << 10

// scatter reads the axes from the given one on into out.
func (s *scatterer) scatter(out []float32, axis int) error {
	if s.contiguous(axis) {
		return s.t.decode(s.r, out[:Elements(s.shape[axis:])])
	}
	if row := Elements(s.shape[axis+1:]); row <= blockSize {
		return s.scatterBlocks(out, axis, row)
	}
	for i := range s.shape[axis] {
		if err := s.scatter(out[i*s.strides[axis]:], axis+1); err != nil {
			return err
		}
	}
	return nil
}

// contiguous reports whether the axes from the given one on have the same order in the result.
func (s *scatterer) contiguous(axis int) bool {
	step := 1
	for i := len(s.shape) - 1; i >= axis; i-- {
		if s.shape[i] > 1 && s.strides[i] != step {
			return false
		}
		step *= s.shape[i]
	}
	return true
}

// scatterBlocks reads as many rows of the given axis at once as a block holds.
func (s *scatterer) scatterBlocks(out []float32, axis, row int) error {
	rows, stride := s.shape[axis], s.strides[axis]
	perBlock := min(rows, blockSize/row)
	if s.block == nil {
		s.block, s.offsets = make([]float32, perBlock*row), s.rowOffsets(axis+1)
	}
	for first := 0; first < rows; first += perBlock {
		n := min(perBlock, rows-first)
		block := s.block[:n*row]
		if err := s.t.decode(s.r, block); err != nil {
			return err
		}
		place(out[first*stride:], block, n, stride, s.offsets)
	}
	return nil
}

// place copies n rows: element k of row i to out[i*stride+offsets[k]]. It goes through a few columns of all rows at a time, so
// that neighbors in out are written while their cache line is there.
func place(out, block []float32, n, stride int, offsets []int) {
	const columns = 8
	row := len(offsets)
	for from := 0; from < row; from += columns {
		some := offsets[from:min(from+columns, row)]
		for i := range n {
			to, values := out[i*stride:], block[i*row+from:]
			for k, offset := range some {
				to[offset] = values[k]
			}
		}
	}
}

// rowOffsets are the offsets in the result of all elements of the axes from the given one on, in storage order.
func (s *scatterer) rowOffsets(axis int) []int {
	offsets := []int{0}
	for i := axis; i < len(s.shape); i++ {
		longer := make([]int, 0, len(offsets)*s.shape[i])
		for _, offset := range offsets {
			for k := range s.shape[i] {
				longer = append(longer, offset+k*s.strides[i])
			}
		}
		offsets = longer
	}
	return offsets
}
