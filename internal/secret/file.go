package secret

import (
	"fmt"
	"io"
	"io/fs"
	"os"
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

// read reads a file that has none of the forbidden permissions.
func read(path string, forbidden fs.FileMode, problem string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
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
		return nil, fmt.Errorf("%s has mode %#o: %s", path, mode, problem)
	}
	return io.ReadAll(file)
}
