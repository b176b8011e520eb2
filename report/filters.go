package report

import "alexnet/classify"

// filters are those of the model's conv1, as pictures.
func filters(model *classify.Model) ([]Image, error) {
	values, _ := model.Values("conv1/weights")
	var all []Image
	for _, picture := range model.Source.Description.Preprocessing.FilterImages(values, 1) {
		img, err := asPNG(picture)
		if err != nil {
			return nil, err
		}
		all = append(all, img)
	}
	return all, nil
}
