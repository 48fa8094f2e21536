package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
)

// ReadFile reads a file with a secret. It refuses a file that users other than its owner
// and its group can read, or that users other than its owner can write.
func ReadFile(path string) ([]byte, error) {
	return read(path, 0o027, "other users can read or change the secret; run chmod 600 on the file (in Kubernetes, set defaultMode: 0400)")
}

// ReadTrusted reads a file that decides which credentials the gateway accepts, such as
// public keys, CA certificates or hashes of API keys. All users may read such a file. A
// user who can write to it can grant access, so ReadTrusted refuses a file that users
// other than its owner can write.
func ReadTrusted(path string) ([]byte, error) {
	return read(path, 0o022, "other users can change what the gateway trusts; run chmod go-w on the file")
}

// ReadPublic reads a file without secrets that grants nothing, such as the gateway's own
// certificate.
func ReadPublic(path string) ([]byte, error) { return read(path, 0, "") }

// A ModeError says that users other than those of the gateway have access to a file.
type ModeError struct {
	Path    string
	Mode    fs.FileMode
	problem string
}

func (e *ModeError) Error() string {
	return fmt.Sprintf("%s has mode %#o: %s", e.Path, e.Mode, e.problem)
}

// pathName matches usual paths. A secret written by mistake in place of a path usually does
// not match.
var pathName = regexp.MustCompile(`^[./~][^\n]*$|^[^\n]*\.[a-z]{1,12}$|^[a-z0-9_.-]+(/[a-z0-9_.-]+)+$`)

// openError removes a path that may be a secret from err.
func openError(path string, err error) error {
	if pathName.MatchString(path) && len(path) < 1<<12 {
		return err
	}
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		err = failed.Err
	}
	return fmt.Errorf("open: %w (the path is not shown: it may be the secret itself)", err)
}

// read reads a file without the forbidden permissions.
func read(path string, forbidden fs.FileMode, problem string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, openError(path, err)
	}
	defer file.Close()
	info, err := file.Stat() // of the open file: the path may change meanwhile
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a directory; name a file in it", path)
	}
	if mode := info.Mode().Perm(); mode&forbidden != 0 {
		return nil, &ModeError{path, mode, problem}
	}
	return io.ReadAll(file)
}
