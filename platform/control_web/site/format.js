// How times, refs, durations and amounts are written.

const CLOCK = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const SHORT = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
const AGO = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
const STEPS = [["second", 60], ["minute", 60], ["hour", 24], ["day", 30], ["month", 12], ["year", Infinity]];
const WHOLE = new Intl.NumberFormat("en");

export const whole = (number) => WHOLE.format(number);
export const clock = (iso) => CLOCK.format(new Date(iso));
export const short = (iso) => SHORT.format(new Date(iso));
export const time = (iso) => new Date(iso).toLocaleTimeString("en-GB", { hour12: false });

/** "3 min. ago"; what lies ahead is told likewise. */
export function ago(when) {
  let away = (when - Date.now()) / 1000;
  for (const [unit, many] of STEPS) {
    if (Math.abs(away) < many) return AGO.format(Math.round(away), unit);
    away /= many;
  }
  return "";
}

/** "1 min 23 s" between two moments; until now while there is no second. */
export function lasted(started, ended) {
  const seconds = Math.max(0, Math.round((new Date(ended ?? Date.now()) - new Date(started)) / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

/** The name in a ref, and what kind of ref it is. */
export function ref(full) {
  const found = /^refs\/(heads|tags)\/(.+)$/.exec(full);
  return found ? { kind: found[1] === "heads" ? "branch" : "tag", name: found[2] } : { kind: "ref", name: full };
}

/** An amount of money. What is not nothing is never shown as 0.00: small amounts have two digits that count. */
export function money(amount, currency) {
  const number = Number(amount);
  if (number !== 0 && Math.abs(number) < 0.000001) return `< 0.000001 ${currency}`;
  const digits = number !== 0 && Math.abs(number) < 0.01 ? { maximumSignificantDigits: 2 } : { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return `${number.toLocaleString("en", digits)} ${currency}`;
}
