(() => {
	const layout = (() => {
		const found = [], page = document.documentElement;
		if (page.scrollWidth > innerWidth) found.push("the page is " + page.scrollWidth + " wide, its window " + innerWidth);
		for (const i of document.images) if (!i.complete || !i.naturalWidth) found.push("image not decoded: " + i.src.slice(0, 60));
		for (const s of document.querySelectorAll("svg")) if (s.getBoundingClientRect().width < 200) found.push("a plot is narrow");
		return found;
	})();
	const contrast = (() => {
		const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
		const rgba = color => {
			canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
			return [...canvas.getImageData(0, 0, 1, 1).data];
		};
		const over = (top, under) => top.slice(0, 3).map((v, i) => v * top[3] / 255 + under[i] * (1 - top[3] / 255));
		const ground = e => {
			if (!e) return [255, 255, 255];
			const own = rgba(getComputedStyle(e).backgroundColor);
			return own[3] == 255 ? own.slice(0, 3) : over(own, ground(e.parentElement));
		};
		const light = c => {
			const [r, g, b] = c.map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
			return .2126 * r + .7152 * g + .0722 * b;
		};
		const found = {};
		const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		while (walker.nextNode()) {
			const e = walker.currentNode.parentElement, style = getComputedStyle(e);
			if (!walker.currentNode.data.trim() || !e.getClientRects().length) continue;
			const under = ground(e), ink = over(rgba(e.closest("svg") ? style.fill : style.color), under);
			const [a, b] = [light(ink), light(under)].sort((x, y) => y - x), ratio = (a + .05) / (b + .05);
			const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
			if (ratio < (large ? 3 : 4.5)) found[e.tagName + "." + e.className] = ratio.toFixed(2) + ": " + walker.currentNode.data.trim().slice(0, 40);
		}
		return Object.entries(found).map(([where, what]) => "contrast of " + where + " " + what);
	})();
	return [...layout, ...contrast];
})()
