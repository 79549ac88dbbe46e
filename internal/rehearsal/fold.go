package rehearsal

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/fingerprint"
)

// fold leaves out what is missing, or left, only because what it belongs to is: what stands on a table or view, and privileges and
// comments of anything.
func fold(differences []fingerprint.Difference) []fingerprint.Difference {
	var owners []fingerprint.Difference
	for _, one := range differences {
		if (one.Before == nil || one.After == nil) && !said(one.Kind) {
			owners = append(owners, one)
		}
	}
	var kept []fingerprint.Difference
	for _, one := range differences {
		if !slices.ContainsFunc(owners, func(owner fingerprint.Difference) bool { return belongs(one, owner) }) {
			kept = append(kept, one)
		}
	}
	return kept
}

// said tells a kind that is only something said of another object.
func said(kind string) bool { return kind == "owner and privileges" || kind == "comment" }

// belongs tells whether an object is there, or not, together with a table: by its name, or by what it is defined on.
func belongs(one, owner fingerprint.Difference) bool {
	if one.Kind == owner.Kind && one.Name == owner.Name || (one.Before == nil) != (owner.Before == nil) || (one.After == nil) != (owner.After == nil) {
		return false
	}
	definition := one.Before
	if definition == nil {
		definition = one.After
	}
	if said(one.Kind) {
		return one.Name == owner.Name || strings.HasSuffix(one.Name, " "+owner.Name) || strings.Contains(one.Name, " "+owner.Name+".") || strings.HasPrefix(one.Name, owner.Name+".")
	}
	if !slices.Contains([]string{"table", "foreign table", "view", "materialized view"}, owner.Kind) {
		return false
	}
	for _, part := range strings.Fields(one.Name) {
		if part == owner.Name || strings.HasPrefix(part, owner.Name+".") {
			return true
		}
	}
	return strings.Contains(*definition, " ON "+owner.Name+" ") || strings.Contains(*definition, "OWNED BY "+owner.Name+".")
}
