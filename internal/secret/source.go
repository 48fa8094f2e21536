// Package secret reads secrets, and files that decide which credentials the gateway
// accepts. It checks the permissions of each file. No error of it contains a secret.
package secret

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/louche-graphql/louche/internal/keypath"
)

// A Source locates a secret: in a file, or in an environment variable. In the
// configuration it is {file: PATH} or {env: NAME}.
type Source struct {
	File string `yaml:"file"`
	Env  string `yaml:"env"`
}

// UnmarshalYAML refuses a secret in the configuration itself.
func (s *Source) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if unmarshal(&text) == nil {
		return errors.New("a secret must not be in the configuration; write {file: PATH} or {env: NAME}")
	}
	type source Source
	return unmarshal((*source)(s))
}

// IsSet reports whether the source names a file or a variable.
func (s Source) IsSet() bool { return s != Source{} }

// Validate returns an error unless exactly one of file and env is set.
func (s Source) Validate() error {
	if (s.File == "") == (s.Env == "") {
		return keypath.Errorf("", "needs exactly one of file and env")
	}
	return nil
}

// ErrUnset is the error for a variable without a value.
var ErrUnset = errors.New("is not set, or empty")

// variableName matches usual names of environment variables. A secret written by mistake in
// place of a name usually does not match.
var variableName = regexp.MustCompile(`^[A-Z_][A-Z0-9_]{0,63}$`)

func shownVariable(name string) string {
	if variableName.MatchString(name) {
		return " " + name
	}
	return " that env names (its name is not shown: it may be the secret itself)"
}

// Read returns the secret without surrounding white space. An empty secret is an error.
func (s Source) Read() (string, error) {
	if s.Env != "" {
		text := strings.TrimSpace(os.Getenv(s.Env))
		if text == "" {
			return "", fmt.Errorf("the environment variable%s %w", shownVariable(s.Env), ErrUnset)
		}
		return text, nil
	}
	file, err := ReadFile(s.File)
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(file))
	if text == "" {
		return "", fmt.Errorf("the file %s is empty", s.File)
	}
	return text, nil
}
