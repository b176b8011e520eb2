// What TensorBoard's pages have to show. Each function looks at its page, does what a user would do next, and says
// what is still lacking: nothing once all is there. want comes from the test.

const find = (selector, root = document.documentElement, found = []) => {
	if (root.matches(selector)) found.push(root);
	const inside = root.contentDocument ? [root.contentDocument.documentElement] : [...(root.shadowRoot?.children ?? []), ...root.children];
	for (const e of inside) find(selector, e, found);
	return found;
};

const words = e => find("*", e).filter(x => !x.matches("style, script")).flatMap(x =>
	[...x.childNodes].filter(n => n.nodeType == Node.TEXT_NODE && n.data.trim()).map(n => n.data.trim())).join(" ");

const lacking = (what, wanted, there) => wanted.filter(w => !there.includes(w)).map(w => `${what} ${w}, there are: ${there.join(", ").slice(0, 300)}`);

const lines = selector => card => find(selector, card).filter(p => (p.getAttribute("d") ?? "").length > 3).length;

// cards opens every group of cards that has stayed closed for some looks, and names the tags that have no card with so
// many lines as there should be.
const cards = (tags, card, drawn, count) => {
	for (const b of find("button.heading")) {
		b.looks = (b.looks ?? 0) + 1;
		if (b.looks == 4 && !find("iron-collapse", b.getRootNode().host).some(c => c.opened)) b.click();
	}
	const full = find(card).filter(c => drawn(c) >= count);
	return lacking("card with its drawing", tags, tags.filter(t => full.some(c => words(c).split(" ").includes(t))));
};

const dashboards = {
	scalars: want => [
		...cards(want.scalars, "tf-scalar-card", lines(".line-plot:not(.ghost) path.line"), want.runs.length),
		...lacking("run", want.runs, find("tf-runs-selector").flatMap(e => words(e).split(" "))),
	],

	graphs: want => {
		const nodes = find("g.node").map(g => g.dataset.name), node = find('g.node[data-name="fc6"] > g.nodeshape > rect')[0];
		const lack = lacking("node", want.nodes, nodes);
		if (lack.length) return lack;
		const tag = find("paper-item").find(i => words(i) == want.trace);
		if (!tag) return ["tag " + want.trace];
		if (!tag.matches(".iron-selected")) return tag.click(), ["choice of " + want.trace];
		const time = find("paper-radio-button").find(b => words(b).startsWith("Compute time"));
		if (time.disabled) return ["compute time"];
		if (!time.checked) return time.click(), ["colors by compute time"];
		const info = find("tf-node-info").map(words).join(" ");
		if (!info) return node.dispatchEvent(new MouseEvent("click", {bubbles: true, composed: true})), ["fc6's card"];
		const fc6 = /Inputs .* flatten\/Reshape .* Compute Time [\d.]+ (µs|ms|s)\b/;
		return fc6.test(info) ? [] : ["fc6's compute time, its card says: " + info];
	},

	distributions: want => cards(want.histograms, "tf-distribution-loader", lines("path.area"), 4),

	histograms: want => cards(want.histograms, "tf-histogram-loader", lines("path.outline"), want.epochs),

	images: want => cards(want.images, "tf-image-loader", card => find("img", card).filter(i => i.complete && i.naturalWidth > 60).length, 1),

	pr_curves: want => [
		...cards(want.curves, "tf-pr-curve-card", lines(".line-plot path.line"), want.runs.length),
		...lacking("step", [want.step], find("tf-pr-curve-card").flatMap(c => words(c).match(/step \d+/g) ?? [])),
	],

	hparams: want => {
		const there = find("tf-hparams-table-view").map(words).join(" ").split(" ");
		const same = (a, b) => a == b || Math.abs(a - b) < 1e-4 * Math.abs(b);
		return lacking("cell", want.cells, want.cells.filter(w => there.some(c => same(c, w))));
	},

	projector: want => {
		const text = find("iframe").map(words).join(" ");
		if (!/Total variance described: [\d.]+%/.test(text)) return ["its components"];
		return lacking("label", want.projector, want.projector.filter(w => text.includes(w)));
	},

	text: want => {
		const rows = find("tf-text-loader").flatMap(t => find("tr", t)).map(words);
		return [...cards(want.texts, "tf-text-loader", card => find("table", card).length, 1), ...lacking("row", want.rows, rows)];
	},
};
