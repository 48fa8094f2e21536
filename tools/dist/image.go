package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// user is the user and the group of the image's process, which no host should have.
const user = "65532:65532"

// writeImage writes an OCI layout with one image for all Linux platforms. The image has one
// file, the binary: certificate authorities are in it, and it needs no other file.
func writeImage(folder string, binaries []binary) error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, b := range binaries {
		if b.os != "linux" {
			continue
		}
		image, err := newImage(b)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: b.os, Architecture: b.arch}},
		})
	}
	annotated := mutate.Annotations(index, labels(binaries[0])).(v1.ImageIndex)
	image, err := layout.Write(folder, empty.Index)
	if err != nil {
		return err
	}
	return image.AppendIndex(annotated, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": binaries[0].version}))
}

func newImage(b binary) (v1.Image, error) {
	files, err := rootFiles(b)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil },
		tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	created := v1.Time{Time: b.time}
	image, err = mutate.Append(image, mutate.Addendum{Layer: layer, History: v1.History{Created: created, CreatedBy: "make dist"}})
	if err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created = b.os, b.arch, created
	file.Config = v1.Config{
		Entrypoint:   []string{"/louche"},
		Cmd:          []string{"serve", "--config", "/etc/louche/louche.yaml"},
		User:         user,
		ExposedPorts: map[string]struct{}{"4400/tcp": {}},
		Healthcheck:  &v1.HealthConfig{Test: []string{"CMD", "/louche", "healthy"}},
		Labels:       labels(b),
	}
	return mutate.ConfigFile(image, file)
}

func rootFiles(b binary) ([]byte, error) {
	program, err := os.ReadFile(b.path)
	if err != nil {
		return nil, err
	}
	var files bytes.Buffer
	t := tar.NewWriter(&files)
	err = cmp.Or(addFile(t, "louche", 0o755, b.time, program), t.Close())
	return files.Bytes(), err
}

// labels describe the image in registries.
func labels(b binary) map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       "louche",
		"org.opencontainers.image.description": "GraphQL over HTTP in front of Absinthe applications on the BEAM",
		"org.opencontainers.image.version":     b.version,
		"org.opencontainers.image.revision":    b.revision,
		"org.opencontainers.image.licenses":    "MIT",
	}
}
