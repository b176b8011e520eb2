package hostile

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// Plant writes the images below dir, alternately into the folders of two classes, a and b, and adds entries that are not
// regular files: a pipe, a socket, circular and dangling links, an unreadable folder and file, a device, and a name that
// is not UTF-8. It returns the paths of these entries.
func Plant(dir string, images []Image) (odd []string, err error) {
	var errs []error
	for _, class := range []string{"a", "b"} {
		errs = append(errs, os.MkdirAll(filepath.Join(dir, class), 0o777))
	}
	for i, p := range images {
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
