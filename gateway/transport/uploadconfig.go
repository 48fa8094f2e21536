package transport

import (
	"cmp"
	"errors"

	"github.com/louche-graphql/louche/internal/keypath"
)

// UploadConfig bounds the files of requests.
type UploadConfig struct {
	// Files is the most files of a request. 0: uploads are off.
	Files int `yaml:"files" env:"FILES"`
	// File is the largest file, in bytes. 10 MiB unless set.
	File int64 `yaml:"file" env:"FILE"`
	// Total bounds the files of a request together, in bytes. Files times File unless set.
	Total int64 `yaml:"total" env:"TOTAL"`
	// MinRate is the least rate at which a client sends files, in bytes a second, apart from
	// pauses of limits.read_timeout in all. 16 KiB unless set.
	MinRate int64 `yaml:"min_rate" env:"MIN_RATE"`
	// Concurrent is the most requests with files at a time. 32 unless set.
	Concurrent int `yaml:"concurrent" env:"CONCURRENT"`
}

func (c *UploadConfig) setDefaults() {
	if !c.enabled() {
		return
	}
	c.File = cmp.Or(c.File, 10<<20)
	c.Total = cmp.Or(c.Total, int64(c.Files)*c.File)
	c.MinRate = cmp.Or(c.MinRate, 16<<10)
	c.Concurrent = cmp.Or(c.Concurrent, 32)
}

func (c *UploadConfig) enabled() bool { return c.Files > 0 }

func (c *UploadConfig) validate() error {
	if c.Files == 0 && *c != (UploadConfig{}) {
		return keypath.Errorf("files", "is missing; write the most files of a request, such as 10")
	}
	return errors.Join(
		keypath.NotNegative("files", c.Files, "a number of files, such as 10"),
		keypath.NotNegative("file", c.File, "a number of bytes, such as 10485760"),
		keypath.NotNegative("total", c.Total, "a number of bytes, such as 104857600"),
		keypath.NotNegative("min_rate", c.MinRate, "a number of bytes a second, such as 16384"),
		keypath.NotNegative("concurrent", c.Concurrent, "a number of requests, such as 32"))
}
