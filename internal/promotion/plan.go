package promotion

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/randomchaoslabs/airlock/internal/history"
)

// Plan is what is promoted where. It is made before anything is touched, and goes from job to job as JSON: it holds no secret.
type Plan struct {
	Release history.Release `json:"release"`
	// Environments are those of the order, by name.
	Environments map[string]Place `json:"environments"`
}

// Place is what the plan says of one environment.
type Place struct {
	// Runner are the labels of the machine that the promotion runs on.
	Runner []string `json:"runner"`
	// Evidence is the name of the environment of the job that may only read, empty when there is none.
	Evidence string `json:"evidence"`
	// Digest is of the release, the config and what the environment served: see Digest.
	Digest string `json:"digest"`
}

// Digest returns 64 hexadecimal digits that change when the release, the environment's name, the config or what the
// environment serves by the record change; config is the digest of its text. What people call a release is not part of it.
func Digest(environment string, release history.Release, config string, current *history.Promotion) string {
	release.Label = ""
	var from *history.Release
	if current != nil {
		before := current.Release
		before.Label = ""
		from = &before
	}
	text, _ := json.Marshal(struct { // Texts and numbers can always be encoded.
		Environment string
		Release     history.Release
		Config      string
		From        *history.Release
	}{environment, release, config, from})
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:])
}
