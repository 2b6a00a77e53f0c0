// Preferences of this browser: language, theme, how numbers, dates and times are written, density, motion.
import { LANGUAGES, type Language, language, prefer, preferences, type Preferences, setLanguage, setTheme, theme, type Theme } from "../../lib/preferences";
import { formatMoment, formatNumber } from "../../lib/format";
import { useStore } from "../../lib/store";
import { wordsOf } from "../../lib/words";
import { Card } from "../../ui/card";
import { SelectField } from "../../ui/field";
import { Screen } from "../../ui/screen";
import { LANGUAGE_NAMES } from "../../ui/theme-menu";
import type en from "./en";

const t = wordsOf<typeof en>();

interface PickProps<T extends string> {
  label: string;
  name: string;
  value: T;
  options: readonly { value: T; label: string; lang?: string }[];
  onValue(value: T): void;
}

/** A few choices, all in sight. */
function Pick<T extends string>({ label, name, value, options, onValue }: PickProps<T>) {
  return (
    <fieldset class="field">
      <legend class="label">{label}</legend>
      <div class="choices">
        {options.map((option) => (
          <label key={option.value} class="pick" lang={option.lang}>
            <input type="radio" name={name} checked={option.value === value} onChange={() => onValue(option.value)} />
            {option.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

const THEMES: readonly Theme[] = ["system", "light", "dark"];

function Look() {
  const chosen = useStore(theme);
  const { density, motion } = useStore(preferences);
  const languages = LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value], lang: value }));
  return (
    <Card title={t("preferences.look")} says={t("preferences.says")}>
      <div class="stack">
        <Pick<Language> label={t("preferences.language")} name="language" value={language} options={languages} onValue={setLanguage} />
        <Pick<Theme> label={t("preferences.theme")} name="theme" value={chosen} options={THEMES.map((value) => ({ value, label: t(`theme.${value}`) }))} onValue={setTheme} />
        <Pick<Preferences["density"]>
          label={t("preferences.density")}
          name="density"
          value={density}
          options={[
            { value: "", label: t("preferences.roomy") },
            { value: "compact", label: t("preferences.compact") },
          ]}
          onValue={(value) => prefer({ density: value })}
        />
        <Pick<Preferences["motion"]>
          label={t("preferences.motion")}
          name="motion"
          value={motion}
          options={[
            { value: "", label: t("preferences.as_system") },
            { value: "less", label: t("preferences.less_motion") },
          ]}
          onValue={(value) => prefer({ motion: value })}
        />
      </div>
    </Card>
  );
}

/** Every zone the browser knows, after the browser's own. */
function zones(): { value: string; label: string }[] {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const all = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
  return [{ value: "", label: t("preferences.zone.own", { zone: own }) }, ...all.map((zone) => ({ value: zone, label: zone.replaceAll("_", " ") }))];
}

function Writing() {
  const { calendar, digits, zone } = useStore(preferences);
  return (
    <Card title={t("preferences.writing")} says={t("preferences.sample", { date: formatMoment(Date.now()), number: formatNumber(1234567.89) })}>
      <div class="stack">
        <Pick<Preferences["calendar"]>
          label={t("preferences.calendar")}
          name="calendar"
          value={calendar}
          options={[
            { value: "", label: t("preferences.usual") },
            { value: "gregory", label: t("preferences.gregory") },
            { value: "persian", label: t("preferences.persian") },
          ]}
          onValue={(value) => prefer({ calendar: value })}
        />
        <Pick<Preferences["digits"]>
          label={t("preferences.digits")}
          name="digits"
          value={digits}
          options={[
            { value: "", label: t("preferences.usual") },
            { value: "latn", label: "123" },
            { value: "arabext", label: "۱۲۳" },
          ]}
          onValue={(value) => prefer({ digits: value })}
        />
        <div class="narrow">
          <SelectField label={t("preferences.zone")} value={zone} options={zones()} onValue={(value) => prefer({ zone: value })} />
        </div>
      </div>
    </Card>
  );
}

export default function PreferencesScreen() {
  return (
    <Screen title={t("preferences.title")}>
      <div class="settings">
        <Look />
        <Writing />
      </div>
    </Screen>
  );
}
