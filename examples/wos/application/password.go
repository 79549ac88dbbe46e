package application

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"
)

// noPassword is the hash that an unknown user is checked against, so that an answer takes as long as for a known one.
const noPassword = "pbkdf2-sha256:600000:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// mostIterations bounds the work that a stored hash can ask for.
const mostIterations = 2_000_000

// passwordMatches reports whether password belongs to hash: "pbkdf2-sha256:ITERATIONS:SALT:KEY", unpadded base64.
// A hash that it cannot read matches nothing.
func passwordMatches(hash, password string) bool {
	parts := strings.Split(hash, ":")
	if len(parts) != 4 || parts[0] != "pbkdf2-sha256" {
		return false
	}
	iterations, err := strconv.Atoi(parts[1])
	if err != nil || iterations < 1 || iterations > mostIterations {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[2])
	if err != nil {
		return false
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[3])
	if err != nil || len(want) != sha256.Size {
		return false
	}
	got, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1
}

// checkPassword is passwordMatches for at most two visitors at a time: hashing is dear by design, and a flood of attempts
// must not take the processor from everybody else.
func (a *application) checkPassword(ctx context.Context, hash, password string) (bool, error) {
	select {
	case a.passwords <- struct{}{}:
		defer func() { <-a.passwords }()
		return passwordMatches(hash, password), nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}
