// The configuration: every value with where it comes from. It is read here and changed where it stands.
import { api, ask, type Schema } from "../../lib/api/client";
import { useLoad } from "../../lib/load";
import { useQuery } from "../../lib/router";
import { wordsOf } from "../../lib/words";
import { Badge, type Tone } from "../../ui/badge";
import { Block, Nothing } from "../../ui/block";
import { Card } from "../../ui/card";
import { clearQuery, Filters, PickFilter, SearchFilter } from "../../ui/filters";
import { gear } from "../../ui/icons";
import { Screen } from "../../ui/screen";
import { Time } from "../../ui/time";
import type en from "./en";
import "./settings.css";

const t = wordsOf<typeof en>();

type Section = Schema<"SettingSection">;
type Key = Schema<"Setting">;
const ORIGINS = ["default", "file", "environment", "flag", "changed"] as const;
const TONES: Record<string, Tone> = { default: "", file: "note", environment: "warn", flag: "warn" };

function Value({ of }: { of: Key }) {
  if (!of.is_set) {
    return <span class="soft">{t("settings.unset")}</span>;
  }
  return of.is_secret ? (
    <span class="soft">{t("settings.secret")}</span>
  ) : (
    <bdi dir="ltr">
      <code>{of.toml}</code>
    </bdi>
  );
}

/** What a key does, as the configuration's own reference says it: that is in English. */
function About({ children }: { children: string }) {
  return (
    <p class="soft" lang="en" dir="ltr">
      {children.replaceAll("\n", " ")}
    </p>
  );
}

function fits(section: Section, key: Key, search: string, origin: string): boolean {
  const isOrigin = origin === "" || (origin === "changed" ? key.origin !== "default" : key.origin === origin);
  const text = `${section.name}.${key.name} ${key.about}`.toLowerCase();
  return isOrigin && search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function Keys({ section, keys }: { section: Section; keys: readonly Key[] }) {
  return (
    <Card title={<bdi dir="ltr" id={section.name}>[{section.name}]</bdi>} says={<About>{section.about}</About>} isBare>
      <ul class="settings">
        {keys.map((key) => (
          <li key={key.name} id={`${section.name}.${key.name}`}>
            <div>
              <bdi dir="ltr">
                <strong>
                  <code>{key.name}</code>
                </strong>
              </bdi>
              <About>{key.about}</About>
            </div>
            <div class="value">
              <Value of={key} />
              <Badge tone={TONES[key.origin] ?? ""}>{t.maybe(`settings.origin.${key.origin}`, key.origin)}</Badge>
              {key.place && (
                <bdi dir="ltr" class="soft">
                  {key.place}
                </bdi>
              )}
            </div>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Running() {
  const loaded = useLoad(() => ask(api.GET("/api/admin/overview")));
  return (
    <Block loaded={loaded}>
      {({ version, started_at }) => (
        <p class="soft small">
          {t("settings.version")} <bdi dir="ltr">{version}</bdi> · {t("settings.started")} <Time at={started_at} />
        </p>
      )}
    </Block>
  );
}

export default function Settings() {
  const settings = useLoad(() => ask(api.GET("/api/admin/settings")));
  const [search, origin] = [useQuery("q").trim(), useQuery("origin")];
  const found = ({ sections }: Schema<"Settings">) =>
    sections.map((section) => ({ section, keys: section.keys.filter((key) => fits(section, key, search, origin)) })).filter(({ keys }) => keys.length > 0);
  const origins = ORIGINS.map((value) => ({ value, label: t(`settings.origin.${value}`) }));
  return (
    <Screen title={t("settings.title")} says={t("settings.says")}>
      <Running />
      <Filters>
        <SearchFilter name="q" label={t("settings.search")} />
        <PickFilter name="origin" label={t("settings.origin")} options={[{ value: "", label: t("settings.origin.any") }, ...origins]} />
      </Filters>
      <Block loaded={settings} isEmpty={(data) => found(data).length === 0} empty={<Nothing icon={gear} title={t("settings.none")} />} isFiltered={search !== "" || origin !== ""} onClear={() => clearQuery(["q", "origin"])}>
        {(data) => (
          <div class="stack">
            <nav class="chips" aria-label={t("settings.sections")}>
              {found(data).map(({ section: { name } }) => (
                <a key={name} href={`#${name}`}>
                  <bdi dir="ltr">{name}</bdi>
                </a>
              ))}
            </nav>
            {found(data).map(({ section, keys }) => (
              <Keys key={section.name} section={section} keys={keys} />
            ))}
          </div>
        )}
      </Block>
    </Screen>
  );
}
