const asked = Number(new URLSearchParams(location.search).get("pace"))

/** How many times as fast the page is in whatever it waits for: `?pace=10`. */
export const pace: number = asked > 0 ? asked : 1
