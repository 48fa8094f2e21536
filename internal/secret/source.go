// Package secret reads what must not be written in a configuration file, and what says
// who is let in. It never puts a secret into an error.
package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// A Source is where a secret is: in a file or in a variable of the environment. In
// the configuration it is {file: PATH} or {env: NAME}.
type Source struct {
	File string `yaml:"file"`
	Env  string `yaml:"env"`
}

// UnmarshalYAML refuses the secret itself.
func (s *Source) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if unmarshal(&text) == nil {
		return errors.New("a secret is not written here: say where it is, {file: PATH} or {env: NAME}")
	}
	type source Source
	return unmarshal((*source)(s))
}

// IsSet says whether the source is anywhere.
func (s Source) IsSet() bool { return s != Source{} }

// Validate says what is wrong with the source of a key.
func (s Source) Validate(key string) error {
	if (s.File == "") == (s.Env == "") {
		return fmt.Errorf("%s needs one of file and env", key)
	}
	return nil
}

// Read returns the secret of a key, without white space around it. It is never
// empty.
func (s Source) Read(key string) (string, error) {
	if s.Env != "" {
		text := strings.TrimSpace(os.Getenv(s.Env))
		if text == "" {
			return "", fmt.Errorf("%s: the variable %s of the environment is not set", key, s.Env)
		}
		return text, nil
	}
	file, err := ReadFile(s.File)
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	text := strings.TrimSpace(string(file))
	if text == "" {
		return "", fmt.Errorf("%s: %s is empty", key, s.File)
	}
	return text, nil
}

// ReadFile reads a file with a secret, unless others than its owner and group can get
// at it, or others than its owner can change it.
func ReadFile(path string) ([]byte, error) {
	return read(path, 0o027, "others can get at the secret in it; chmod 600 it (in Kubernetes: defaultMode: 0400)")
}

// ReadTrusted reads a file that says who is let in, such as public keys or the hashes
// of keys: others may read it, but who can change it can let himself in, so it is
// refused if others than its owner can.
func ReadTrusted(path string) ([]byte, error) {
	return read(path, 0o022, "others can write themselves into it; chmod go-w it")
}

// read reads a file that has none of these permissions.
func read(path string, refused fs.FileMode, problem string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat() // of what is read, whatever the path comes to mean meanwhile
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a directory; name the file in it", path)
	}
	if mode := info.Mode().Perm(); mode&refused != 0 {
		return nil, fmt.Errorf("%s has mode %#o: %s", path, mode, problem)
	}
	return io.ReadAll(file)
}
