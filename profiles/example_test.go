package profiles_test

import (
	"os"

	"github.com/memsim/memsim/profiles"
)

// Models stand side by side, each figure with its multiple of the first model's.
func ExampleWriteTable() {
	c := comparison()
	c.Notes = nil
	if err := profiles.WriteTable(os.Stdout, c, profiles.Terminal{Width: 80}); err != nil {
		panic(err)
	}
	// Output:
	// Apple iPhone 13, gpu, executorch-mps
	//
	//                                                                 mobilellm-125m-
	//                              mobilellm-125m  mobilellm-ls-125m        60-layers
	// ───────────────────────────────────────────────────────────────────────────────
	// weight format                           f16         f16              f16
	// layer sharing                          none   immediate             none
	// parameters run     M                  124.6       127.9  1.03×     231.7  1.86×
	// parameters stored  M                  124.6       124.6  1.00×     124.6  1.00×
	// layers run                               30          60               60
	// layers stored                            30          30               60
	// weights            MB                 249.3       249.3  1.00×     249.3  1.00×
	//
	// latency            ms/token           15.60       16.01  1.03×     29.00  1.86×
	//   dispatch         ms/token            2.10        2.15             3.90
	//   compute          ms/token            1.20        1.23             2.23
	//   SRAM             ms/token            0.30        0.31             0.56
	//   DRAM             ms/token           12.00       12.31            22.31
	// speed              tokens/s           64.10       62.48  0.97×     34.48  0.54×
	// first token        ms                 41.20       42.27  1.03×     76.59  1.86×
	// load from flash    ms                 268.1       268.1  1.00×     268.1  1.00×
	//
	// DRAM traffic       MB/token           249.3       255.8  1.03×     463.4  1.86×
	// DRAM bandwidth     GB/s               15.98       15.98            15.98
	// DRAM row hits      %                  98.20       98.20            98.20
	// SRAM hits          %                  2.710       2.710            2.710
	//
	// energy             mJ/token           34.60       35.50  1.03×     64.32  1.86×
	//   DRAM             mJ/token           25.00       25.65            46.48
	//   SRAM             mJ/token            1.60        1.64             2.97
	//   compute          mJ/token            3.00        3.08             5.58
	//   static           mJ/token            5.00        5.13             9.29
	// whole phone        mJ/token           51.40       52.74  1.03×     95.55  1.86×
	// battery charge     k tokens           869.2       847.2  0.97×     467.6  0.54×
}
