// The words of all pages before signing in, as a type: those of the frame and those the pages bring.
import type frame from "./en";
import type ways from "./ways/en";

declare const en: typeof frame & typeof ways;
export default en;
