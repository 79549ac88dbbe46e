package backup

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// The tags that a snapshot of ours carries.
const (
	environmentTag = "airlock:environment"
	runTag         = "airlock:run"
	releaseTag     = "airlock:release"
	schemaTag      = "airlock:schema-version"
	appTag         = "airlock:app"
)

// The tags that a temporary instance of ours carries: the instance and the snapshot that it is a copy of. An instance with
// the first one is removed when it was left behind.
const (
	rehearsalTag = "airlock:rehearsal"
	snapshotTag  = "airlock:snapshot"
)

// tagLimit bounds a tag's value, in characters. Ours are ASCII.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Tag.html
const tagLimit = 256

// toTag goes from the form of a query to one that only has what tags may hold: letters, digits and _.:/=+-@. Nothing is
// lost by it: a snapshot is found again by its tags, so two releases must never share one.
var toTag = strings.NewReplacer("%3A", ":", "%2F", "/", "%40", "@", "+", "=20", "~", "=7E", "%", "=")

// encodeTag writes a value as text that a tag may hold; what a tag may not hold, and =, becomes = and two hexadecimal digits.
func encodeTag(value string) string {
	text := toTag.Replace(url.QueryEscape(value))
	// These two beginnings are AWS's own.
	for _, reserved := range []string{"aws:", "rds:"} {
		if len(text) >= len(reserved) && strings.EqualFold(text[:len(reserved)], reserved) {
			text = strings.Replace(text, ":", "=3A", 1)
		}
	}
	return text
}

// decodeTag is the way back from encodeTag; a text that encodeTag never writes is an error.
func decodeTag(text string) (string, bool) {
	value, err := url.PathUnescape(strings.ReplaceAll(text, "=", "%"))
	return value, err == nil && encodeTag(value) == text
}

// labels are the tags of a snapshot in RDS.
func labels(app string, tags Tags, schemaVersion int64) ([]types.Tag, error) {
	var result []types.Tag
	for _, label := range []struct{ key, value string }{
		{environmentTag, tags.Environment}, {runTag, tags.Run}, {releaseTag, tags.Release},
		{schemaTag, strconv.FormatInt(schemaVersion, 10)}, {appTag, app},
	} {
		value := encodeTag(label.value)
		if len(value) > tagLimit {
			return nil, problem.Wrong("use a shorter one", "%.40q… is too long for the tag %s of a snapshot, which holds %d characters", label.value, label.key, tagLimit)
		}
		result = append(result, types.Tag{Key: aws.String(label.key), Value: aws.String(value)})
	}
	return result, nil
}

// readLabels returns what labels wrote. A snapshot without our tags is not ours; one whose tags were changed is an error,
// because it may be the one that is looked for.
func readLabels(name string, list []types.Tag) (tags Tags, schemaVersion int64, ours bool, err error) {
	values := map[string]string{}
	for _, tag := range list {
		if key := aws.ToString(tag.Key); key == environmentTag || key == runTag || key == releaseTag || key == schemaTag {
			value, ok := decodeTag(aws.ToString(tag.Value))
			if !ok {
				return Tags{}, 0, false, changedTags(name, key)
			}
			values[key] = value
		}
	}
	if len(values) == 0 {
		return Tags{}, 0, false, nil
	}
	tags = Tags{Environment: values[environmentTag], Run: values[runTag], Release: values[releaseTag]}
	if tags.Environment == "" || tags.Run == "" || tags.Release == "" {
		return Tags{}, 0, false, changedTags(name, "airlock:…")
	}
	schemaVersion, err = strconv.ParseInt(values[schemaTag], 10, 64)
	if err != nil {
		return Tags{}, 0, false, changedTags(name, schemaTag)
	}
	return tags, schemaVersion, true, nil
}

func changedTags(name, key string) error {
	return problem.Unknown("if it is not needed, remove it or all its tags that begin with airlock:", "the tag %s of snapshot %s is not as it was written, so whose it is is not known", key, name)
}
