//go:build !linux

package beamtest

import (
	"errors"
	"os"
)

func enterNewNamespace() (*os.File, error) {
	return nil, errors.New("only Linux has network namespaces")
}
