package page

// Assets are the files that a served page links where one that is a file of its
// own holds them: the chart library, the script and the style of the frame. The
// script looks for the page's data in an element "data", as Write makes it.
func Assets() map[string]string {
	return map[string]string{"echarts.min.js": echartsScript, "page.js": pageScript, "page.css": pageStyle}
}
