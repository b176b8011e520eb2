package hostile

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// Plant writes the pictures below dir, by turns into the folders of two classes,
// a and b, and among them what a folder may hold beside files: a pipe, a socket,
// links in circles and into nowhere, a folder and a file that may not be read, a
// device, names that are no text. It returns the paths of what it planted beside
// the pictures.
func Plant(dir string, pictures []Picture) (odd []string, err error) {
	var errs []error
	for _, class := range []string{"a", "b"} {
		errs = append(errs, os.MkdirAll(filepath.Join(dir, class), 0o777))
	}
	for i, p := range pictures {
		errs = append(errs, os.WriteFile(filepath.Join(dir, "ab"[i%2:i%2+1], p.Name), p.Encoded, 0o644))
	}
	in := func(name string) string {
		odd = append(odd, filepath.Join(dir, "a", name))
		return odd[len(odd)-1]
	}
	errs = append(errs,
		syscall.Mknod(in("socket.jpg"), syscall.S_IFSOCK|0o644, 0),
		syscall.Mkfifo(in("pipe.jpg"), 0o644),
		os.Symlink("nowhere", in("dangling.jpg")),
		os.Symlink("itself.jpg", in("itself.jpg")),
		os.Symlink("..", in("up")),
		os.Symlink(".", in("here.jpg")),
		os.Symlink("/dev/zero", in("zero.jpg")),
		os.WriteFile(in("\xff\xfe\n.jpg"), nil, 0o644),
		os.Mkdir(in("locked"), 0),
		os.WriteFile(in("secret.jpg"), nil, 0),
	)
	return odd, errors.Join(errs...)
}
