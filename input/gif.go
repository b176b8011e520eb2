package input

import "fmt"

// firstFrame cuts a GIF behind its first picture (GIF89a specification, §17 to
// §27). That is all that is decoded, but TensorFlow's decoder unpacks every
// picture of an animation before it looks at the first, at up to 4096 pixels a
// code: a file of 30 MB would take all memory. A file that ends or goes wrong
// before is left to the decoder, which stops at the same place.
func firstFrame(encoded []byte, limits Limits) ([]byte, error) {
	const (
		header, descriptor = 13, 10
		extension, picture = 0x21, 0x2c
		trailer            = 0x3b
	)
	at := header
	if len(encoded) >= header {
		at += colourTable(encoded[10])
	}
	for at+descriptor <= len(encoded) {
		switch encoded[at] {
		case extension:
			at = skipBlocks(encoded, at+2)
		case picture:
			d := encoded[at : at+descriptor]
			frame := Header{Width: int(d[5]) | int(d[6])<<8, Height: int(d[7]) | int(d[8])<<8}
			if err := limits.allows(frame); err != nil {
				return nil, fmt.Errorf("the first picture of the GIF: %w", err)
			}
			at = skipBlocks(encoded, at+descriptor+colourTable(d[9])+1)
			if at >= len(encoded) || encoded[at] == trailer {
				return encoded[:min(at+1, len(encoded))], nil
			}
			return append(encoded[:at:at], trailer), nil
		default:
			return encoded, nil
		}
	}
	return encoded, nil
}

// colourTable is the size in bytes of the table that the flags announce.
func colourTable(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// skipBlocks returns where the data blocks that begin at at have ended.
func skipBlocks(encoded []byte, at int) int {
	for at < len(encoded) && encoded[at] != 0 {
		at += 1 + int(encoded[at])
	}
	return at + 1
}
