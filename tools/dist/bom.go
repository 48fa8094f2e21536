package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// npmLock is the list of the npm packages whose code the embedded pages contain.
const npmLock = "web/package-lock.json"

// writeBOM writes a bill of materials (CycloneDX): the modules of the binary, the standard
// library of Go, and the npm packages.
func writeBOM(file string, b binary) error {
	packages, err := npmComponents()
	if err != nil {
		return err
	}
	components := append(packages, component("golang", "stdlib", strings.TrimPrefix(b.info.GoVersion, "go")))
	for _, module := range b.info.Deps {
		c := component("golang", module.Path, module.Version)
		// go.sum has the SHA-256 of all files of a module.
		if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(module.Sum, "h1:")); err == nil {
			c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}}
		}
		components = append(components, c)
	}
	slices.SortFunc(components, func(x, y cdx.Component) int { return cmp.Compare(x.BOMRef, y.BOMRef) })
	program := component("golang", b.info.Main.Path, b.info.Main.Version)
	program.Type = cdx.ComponentTypeApplication
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{Timestamp: b.time.UTC().Format(time.RFC3339), Component: &program}
	bom.Components = &components
	var text bytes.Buffer
	if err := cdx.NewBOMEncoder(&text, cdx.BOMFileFormatJSON).SetPretty(true).Encode(bom); err != nil {
		return err
	}
	return os.WriteFile(file, text.Bytes(), 0o644)
}

// component returns a library of a package registry, named by its package URL.
func component(registry, name, version string) cdx.Component {
	purl := fmt.Sprintf("pkg:%s/%s@%s", registry, strings.Replace(name, "@", "%40", 1), version)
	return cdx.Component{Type: cdx.ComponentTypeLibrary, BOMRef: purl, PackageURL: purl, Name: name, Version: version}
}

// npmComponents returns the packages that the pages need when they run. Tools that only
// build the pages are not in them.
func npmComponents() (components []cdx.Component, err error) {
	text, err := os.ReadFile(npmLock)
	if err != nil {
		return nil, err
	}
	var lock struct {
		Packages map[string]struct {
			Version string
			License string
			Dev     bool
		}
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		return nil, fmt.Errorf("%s: %w", npmLock, err)
	}
	for folder, p := range lock.Packages {
		_, name, found := strings.Cut(path.Clean("/"+folder), "/node_modules/")
		if !found || p.Dev {
			continue
		}
		if i := strings.LastIndex(name, "/node_modules/"); i >= 0 {
			name = name[i+len("/node_modules/"):]
		}
		c := component("npm", name, p.Version)
		if p.License != "" {
			c.Licenses = &cdx.Licenses{{Expression: p.License}}
		}
		components = append(components, c)
	}
	return components, nil
}
