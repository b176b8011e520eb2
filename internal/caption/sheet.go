package caption

import (
	"image"
	"image/draw"
	"math"
)

// A sheet's cells have at most cellSide pixels a side, fewer where all of them would exceed sheetPixels.
const (
	cellSide    = 360
	sheetPixels = 40_000_000
	gap         = 8
)

// Sheet returns one overview of the images, row by row, each reduced to its cell. Fewer than one column counts as
// one.
func Sheet(columns int, images ...image.Image) *image.NRGBA {
	columns = max(1, min(columns, len(images)))
	rows := (len(images) + columns - 1) / columns
	side := cellSide
	if cells := columns * rows; cells > 0 {
		side = max(1, min(side, int(math.Sqrt(sheetPixels/float64(cells)))-gap))
	}
	cells := make([]*image.NRGBA, len(images))
	heights := make([]int, rows)
	for i, p := range images {
		cells[i] = fit(toPixels(p), 1, side)
		heights[i/columns] = max(heights[i/columns], cells[i].Rect.Dy())
	}
	height := gap
	for _, h := range heights {
		height += h + gap
	}
	sheet := image.NewNRGBA(image.Rect(0, 0, columns*(side+gap)+gap, height))
	fill(sheet, sheet.Rect, ground)
	y := gap
	for i, c := range cells {
		x := gap + i%columns*(side+gap) + (side-c.Rect.Dx())/2
		draw.Draw(sheet, c.Rect.Add(image.Pt(x, y)), c, image.Point{}, draw.Over)
		if i%columns == columns-1 {
			y += heights[i/columns] + gap
		}
	}
	return sheet
}
