const asked = Number(new URLSearchParams(location.search).get("pace"))

/** The factor by which every delay of the page is shorter, as in `?pace=10`. */
export const pace: number = asked > 0 ? asked : 1
