package phoenix

import (
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strconv"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

func (p *payload) claims() (map[string]any, error) {
	d := etf.NewDecoder(p.data)
	data, err := value(&d, 0)
	if claims, is := data.(map[string]any); is {
		return claims, err
	}
	return map[string]any{"sub": data}, err
}

func (p *payload) subject(sub any) string {
	switch sub := sub.(type) {
	case string:
		return sub
	case int64:
		return strconv.FormatInt(sub, 10)
	case *big.Int:
		return sub.String()
	}
	digest := sha256.Sum256(p.data.Bytes)
	return "sha256:" + hex.EncodeToString(digest[:])
}
