package fingerprint

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// columns reads the counts and sums of columns, which come in turn.
func (p *Part) columns(text string) error {
	for i, word := range strings.Fields(text) {
		if i%2 == 1 {
			p.Sums = append(p.Sums, word)
			continue
		}
		count, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return err
		}
		p.NotNull = append(p.NotNull, count)
	}
	return nil
}

// total adds parts up. A sum can be larger than 64 bits.
type total struct {
	rows    int64
	sum     *big.Int
	notNull []int64
	sums    []*big.Int
}

func newTotal(columns int) total {
	t := total{sum: new(big.Int), notNull: make([]int64, columns), sums: make([]*big.Int, columns)}
	for i := range t.sums {
		t.sums[i] = new(big.Int)
	}
	return t
}

func (t *total) add(done Part) error {
	t.rows += done.Rows
	if err := addTo(t.sum, done.Sum); err != nil {
		return err
	}
	for i := range min(len(done.Sums), len(done.NotNull), len(t.sums)) {
		t.notNull[i] += done.NotNull[i]
		if err := addTo(t.sums[i], done.Sums[i]); err != nil {
			return err
		}
	}
	return nil
}

func addTo(sum *big.Int, text string) error {
	more, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return fmt.Errorf("%.40q is no sum", text)
	}
	sum.Add(sum, more)
	return nil
}

// put writes the total into a table.
func (t *total) put(table *Table, columns bool) {
	table.Rows, table.Sum = t.rows, t.sum.String()
	for i := range table.Columns {
		if columns {
			table.Columns[i].NotNull, table.Columns[i].Sum = t.notNull[i], t.sums[i].String()
		}
	}
}
