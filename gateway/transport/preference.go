package transport

import (
	"strconv"
	"strings"
)

// eachPreference goes through the elements of headers such as Accept and
// Accept-Encoding: a name, parameters, and a quality of 0 (not at all) to 1.
// One whose quality cannot be read is not wanted.
func eachPreference(values []string, yield func(name, params string, quality float64)) {
	for _, value := range values {
		for element := range strings.SplitSeq(value, ",") {
			name, params, _ := strings.Cut(element, ";")
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			quality := 1.0
			if text, given := param(params, "q"); given {
				quality = parseQuality(text)
			}
			yield(name, params, quality)
		}
	}
}

// param is the value of a parameter such as charset=utf-8.
func param(params, name string) (value string, given bool) {
	for p := range strings.SplitSeq(params, ";") {
		key, value, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.Trim(strings.TrimSpace(value), `"`), true
		}
	}
	return "", false
}

func parseQuality(text string) float64 {
	if strings.Trim(text, "0123456789.") != "" { // what else ParseFloat takes
		return 0
	}
	quality, err := strconv.ParseFloat(text, 64)
	if err != nil || quality > 1 {
		return 0
	}
	return quality
}
