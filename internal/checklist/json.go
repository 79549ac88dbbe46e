package checklist

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
)

// MarshalJSON makes one object for machines: "verdict" first, then the fields of Checklist in their order, with titles,
// evidence and hints bounded.
func (c Checklist) MarshalJSON() ([]byte, error) {
	type fields Checklist
	document := struct {
		Verdict Verdict `json:"verdict"`
		fields
	}{c.Verdict(), fields(c)}
	document.Items = make([]Item, len(c.Items))
	for index, item := range c.Items {
		item.Verdict = item.Verdict.known()
		item.Title = Shorten(item.Title, titleLimit)
		item.Evidence = Shorten(item.Evidence, evidenceLimit)
		item.Hint = Shorten(item.Hint, evidenceLimit)
		document.Items[index] = item
	}

	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		return nil, err
	}
	// A log that is read line by line for commands in the old "##[name]" form would find them within strings too.
	return bytes.ReplaceAll(text.Bytes(), []byte("##["), []byte(`##\u005b`)), nil
}

// WriteJSON prints the checklist as MarshalJSON makes it, indented. It returns the error of w.
func WriteJSON(w io.Writer, c Checklist) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(c)
}

// WriteFile writes the checklist as JSON into a file that only its owner can read.
func WriteFile(path string, list Checklist) error {
	var content bytes.Buffer
	if err := WriteJSON(&content, list); err != nil {
		return err
	}
	return os.WriteFile(path, content.Bytes(), 0o600)
}
