package input

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestSplitOf(t *testing.T) {
	for want, names := range map[string]string{
		trainSplit: "train Train TRAINING trainset Training_Set seg_train train2017 my-train trainData imagenet.train TrainVal train_val",
		valSplit:   "val valid validation dev DevSet eval Evaluation my_val val2017",
		testSplit:  "test Testing test_set asl_alphabet_test TestSet testset test1",
		"":         "trains tested latest contest cat valley bus cotrain train_test .train",
	} {
		for _, name := range strings.Fields(names) {
			if got := splitOf(name); got != want && name != ".train" {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
	}
}

// Folders of splits and folders of classes are told apart by names and by the class folders that they have in common.
func TestOpenRecognizesSplits(t *testing.T) {
	tests := []struct {
		name       string
		files      string
		opt        Options // Val is relative to the dataset
		train, val string
		said       string // in notes or warnings
	}{
		{"Training, Testing", "Training/a/1.png, Training/b/1.png, Testing/a/2.png", Options{}, "a/1.png=0 b/1.png=1", "a/2.png=0", ""},
		{"dev", "train/a/1.png, train/b/1.png, dev/a/2.png", Options{}, "a/1.png=0 b/1.png=1", "a/2.png=0", ""},
		{"eval", "train/a/1.png, train/b/1.png, eval/a/2.png", Options{}, "a/1.png=0 b/1.png=1", "a/2.png=0", ""},
		{"suffixes", "my_train/a/1.png, my_train/b/1.png, my_test/a/2.png", Options{}, "a/1.png=0 b/1.png=1", "a/2.png=0", ""},
		{"flat names", "trainset/a.1.png, trainset/b.1.png, testset/a.2.png", Options{}, "a.1.png=0 b.1.png=1", "a.2.png=0", ""},
		{"other folders", "Train_Set/a/1.png, Train_Set/b/1.png, Test_Set/b/2.png, raw/x/1.png", Options{}, "a/1.png=0 b/1.png=1", "b/2.png=1", `"raw" is not used`},
		{"val and validation", "train/a/1.png, train/b/1.png, val/a/2.png, validation/a/3.png", Options{}, "a/1.png=0 b/1.png=1", "a/2.png=0",
			`"validation" is not used: "val" is the val split`},
		{"classes called train and test", "plane/1.png, test/1.png, train/1.png", Options{Layout: layoutClasses}, "plane/1.png=0 test/1.png=1 train/1.png=2", "", ""},
		{"bus, car, train", "bus/1.png, car/1.png, train/1.png", Options{}, "bus/1.png=0 car/1.png=1 train/1.png=2", "", ""},
		{"classes with words of splits", "blood test/1.png, training camp/1.png", Options{}, "blood test/1.png=0 training camp/1.png=1", "", ""},
		{"one of them has folders", "blood test/x/1.png, training camp/1.png", Options{}, "blood test/x/1.png=0 training camp/1.png=1", "", ""},
		{"unlabeled test1", "train/a.1.png, train/b.1.png, test1/1.png", Options{}, "a.1.png=0 b.1.png=1", "", "its images have no labels"},
		{"val among the classes", "a/1.png, b/1.png, val/a/2.png, val/b/2.png", Options{Val: "val"}, "a/1.png=0 b/1.png=1", "a/2.png=0 b/2.png=1", ""},
		{"val and test among the classes", "a/1.png, b/1.png, val/a/2.png, test/b/2.png", Options{Val: "val"}, "a/1.png=0 b/1.png=1", "a/2.png=0", `test" is not used`},
		{"validation folder of another name among the classes", "a/1.png, b/1.png, held/a/2.png", Options{Val: "held"}, "a/1.png=0 b/1.png=1", "a/2.png=0", ""},
		{"validation folder deeper", "a/1.png, b/1.png, x/val/a/2.png", Options{Val: "x/val"}, "a/1.png=0 b/1.png=1", "a/2.png=0", ""},
		{"the dataset itself", "a/1.png, b/1.png", Options{Val: "."}, "a/1.png=0 b/1.png=1", "a/1.png=0 b/1.png=1", "2 images are in both"},
		{"unlabeled test", "train/a/1.png, train/b/1.png, test/1.png", Options{}, "a/1.png=0 b/1.png=1", "", "its images have no labels"},
		{"unlabeled test in a folder", "train/a/1.png, train/b/1.png, test/all/1.png", Options{}, "a/1.png=0 b/1.png=1", "", "its images have no labels"},
		{"unlabeled test, labeled val", "Training/a/1.png, Training/b/1.png, val/a/2.png, test/1.png", Options{}, "a/1.png=0 b/1.png=1", "a/2.png=0", "reserved"},
		{"parts of a class", "a/x/1.png, a/y/1.png, b/x/1.png, b/y/1.png, c/1.png", Options{}, "a/x/1.png=0 a/y/1.png=0 b/x/1.png=1 b/y/1.png=1 c/1.png=2", "",
			`folders "a", "b" contain folders of the same names, such as "x", "y"`},
		{"the same folders in all classes", "a/x/1.png, a/y/1.png, b/x/1.png, b/y/1.png", Options{Layout: layoutClasses},
			"a/x/1.png=0 a/y/1.png=0 b/x/1.png=1 b/y/1.png=1", "", ""},
		{"one folder in each class", "a/images/1.png, b/images/1.png", Options{}, "a/images/1.png=0 b/images/1.png=1", "", ""},
		{"left by systems", "a/1.png, a/@eaDir/1.png/S.png, b/1.png, #recycle/a/2.png, b/$RECYCLE.BIN/3.png", Options{}, "a/1.png=0 b/1.png=1", "", "ignored 3 files"},
		{"placeholders", "a/1.png, b/1.png, b/.2.png.icloud", Options{}, "a/1.png=0 b/1.png=1", "", "1 files"},
		{"names that look alike", "caf\u00e9/1.png, cafe\u0301/1.png", Options{}, "cafe\u0301/1.png=0 caf\u00e9/1.png=1", "", `"cafe\u0301", "caf\u00e9"`},
		{"a class of one image", "a/1.png, a/2.png, a/3.png, a/4.png, b/1.png", Options{Val: "0.9", Seed: 1}, "a/4.png=0 b/1.png=1", "a/1.png=0 a/2.png=0 a/3.png=0",
			`classes of one image are not split, the image is trained on: "b"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := writeDataset(t, strings.Split(tt.files, ", "))
			if _, fraction := tt.opt.Fraction(); tt.opt.Val != "" && !fraction {
				tt.opt.Val = filepath.Join(dir, tt.opt.Val)
			}
			d, err := Open(dir, tt.opt)
			if err != nil {
				t.Fatal(err)
			}
			if labels(d.Train) != tt.train || labels(d.Val) != tt.val {
				t.Errorf("got train %q, val %q, want %q, %q", labels(d.Train), labels(d.Val), tt.train, tt.val)
			}
			if said := strings.Join(append(d.Notes, d.Warnings...), "\n"); !strings.Contains(said, tt.said) || tt.said == "" && len(d.Warnings) > 0 {
				t.Errorf("got %q, want %q", said, tt.said)
			}
		})
	}
}

func TestOpenRefusesUnclearSplits(t *testing.T) {
	tests := []struct {
		name, files string
		reason      error
		hint        string // DIR stands for the dataset
	}{
		{"val among the classes", "a/1.png, b/1.png, val/a/2.png, val/b/2.png", errNestedSplit, "alexnet train DIR --val DIR/val;"},
		{"test of another name", "a/1.png, b/1.png, my_Testing/a/2.png", errNestedSplit, "alexnet train DIR --val DIR/my_Testing;"},
		{"train among the classes", "a/1.png, b/1.png, train/a/2.png, train/b/2.png", errNestedSplit, "alexnet train DIR/train;"},
		{"val in another case", "a/1.png, b/1.png, val/A/2.png, val/B/2.png", errNestedSplit, "alexnet train DIR --val DIR/val;"},
		{"parts of other names", "p1/a/1.png, p1/a/2.png, p1/b/1.png, p2/a/1.png, p2/b/1.png", errParts, "alexnet train DIR/p1 --val DIR/p2;"},
		{"a part lacks a class", "p1/a/1.png, p1/b/1.png, p1/c/1.png, p2/a/1.png, p2/b/1.png", errParts, "--layout classes"},
		{"images without labels", "train_images/1.png, test_images/2.png", errNoLabel, "cat.1.jpg"},
		{"a folder deeper", "seg_train/seg_train/a/1.png, seg_train/seg_train/b/1.png, seg_test/seg_test/a/2.png, seg_test/seg_test/b/2.png", errOneClass,
			"did you mean DIR/seg_train/seg_train?"},
		{"splits in each class", "a/train/1.png, a/val/1.png, b/train/1.png, b/val/1.png", errParts, `move the images of each into DIR/train/a`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := writeDataset(t, strings.Split(tt.files, ", "))
			_, err := Open(dir, Options{})
			var e *Error
			if !errors.As(err, &e) || !errors.Is(err, tt.reason) || !strings.Contains(strings.ReplaceAll(e.Hint, dir, "DIR"), tt.hint) {
				t.Errorf("got %v (hint %q), want reason %v and hint %q", err, e.Hint, tt.reason, tt.hint)
			}
			if _, err := Open(dir, Options{Layout: layoutClasses}); err != nil && tt.reason != errOneClass {
				t.Errorf("layout classes: got %v", err)
			}
		})
	}
}

// A validation list in the dataset's folder is no damaged image, and its images are held out.
func TestOpenHoldsOutAList(t *testing.T) {
	dir := writeDataset(t, []string{"a/1.png", "a/2.png", "b/1.png", "b/2.png"})
	list := filepath.Join(dir, "val.txt")
	writeFile(t, list, []byte("a/1.png a\nb/2.png b\n"))
	var e *Error
	if _, err := Open(dir, Options{}); !errors.Is(err, errNestedSplit) || !errors.As(err, &e) || !strings.Contains(e.Hint, "--val "+list) {
		t.Errorf("list not named: got %v (hint %q)", err, e.Hint)
	}
	d, err := Open(dir, Options{Val: list})
	if err != nil {
		t.Fatal(err)
	}
	if labels(d.Train) != "a/2.png=0 b/1.png=1" || labels(d.Val) != "a/1.png=0 b/2.png=1" || len(d.Excluded) > 0 {
		t.Errorf("got train %q, val %q, excluded %v", labels(d.Train), labels(d.Val), d.Excluded)
	}
	writeFile(t, list, []byte("a/1.png a\na/2.png a\nb/2.png b\n"))
	if _, err := Open(dir, Options{Val: list}); !errors.Is(err, ErrNoImages) || !strings.Contains(err.Error(), `train on for the classes "a"`) {
		t.Errorf("a class is held out: got %v", err)
	}
}

func TestOpenEvalOfNestedSplits(t *testing.T) {
	dir := writeDataset(t, []string{"a/1.png", "b/1.png", "val/a/2.png", "val/b/2.png"})
	for split, want := range map[string]string{"": "a/2.png=0 b/2.png=1", valSplit: "a/2.png=0 b/2.png=1", trainSplit: "a/1.png=0 b/1.png=1"} {
		d, err := OpenEval(dir, Options{Classes: []string{"a", "b"}, Split: split})
		if err != nil || labels(d.Val) != want {
			t.Errorf("split %q: got %+v, %v, want %q", split, d, err, want)
		}
	}
}

func TestUnknownClassThatLooksAlike(t *testing.T) {
	_, err := Open(writeDataset(t, []string{"train/caf\u00e9/1.png", "train/b/1.png", "val/cafe\u0301/1.png"}), Options{})
	if !errors.Is(err, errUnknownClass) || !strings.Contains(err.Error(), `got "cafe\u0301" for 1 of 1 images, want "caf\u00e9"`) {
		t.Errorf("got %v, want both names with their code points", err)
	}
}
