package checklist

import (
	"bytes"
	"encoding/json"
	"io"
)

// WriteJSON prints the checklist as one indented JSON object for machines: "verdict" first, then the fields of Checklist
// in their order, with evidence and hints bounded. It returns the error of w.
func WriteJSON(w io.Writer, c Checklist) error {
	document := struct {
		Verdict Verdict `json:"verdict"`
		Checklist
	}{c.Verdict(), c}
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
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return err
	}
	// A log that is read line by line for commands in the old "##[name]" form would find them within strings too.
	_, err := w.Write(bytes.ReplaceAll(text.Bytes(), []byte("##["), []byte(`##\u005b`)))
	return err
}
