// The frame of the administrators' panel, in English.
export default {
  "group.watch": "Watch",
  "group.people": "People",
  "group.mend": "Mend",
  "group.house": "House",
  "to.own": "My account",
} as const;
