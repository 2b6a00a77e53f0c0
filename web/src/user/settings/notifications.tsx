// Channels: by which way each kind of notification comes, when not, and in which language.
import { useState } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { type Loaded, useAct, useLoad } from "../../lib/load";
import { LANGUAGES } from "../../lib/preferences";
import { timeZone } from "../../lib/format";
import { wordsOf } from "../../lib/words";
import { Block, Bones } from "../../ui/block";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Choice, SelectField, TextField, wrongOf } from "../../ui/field";
import { Form } from "../../ui/form";
import { Screen } from "../../ui/screen";
import { LANGUAGE_NAMES } from "../../ui/theme-menu";
import { toast } from "../../ui/toast";
import { categoryOf } from "../inbox/words";
import type en from "./en";

const t = wordsOf<typeof en>();

type Told = Schema<"NotificationPreferences">;
type Category = Told["categories"][number];
type Channel = "email";

/** Besides the inbox, which has everything. */
const CHANNELS: readonly Channel[] = ["email"];
const DIGESTS = ["off", "daily", "weekly"] as const;
/** What is offered when quiet hours are turned on. */
const NIGHT = { from: "22:00", to: "07:00" };

function Box({ category, channel, onChange }: { category: Category; channel: Channel; onChange(to: Category): void }) {
  const isLocked = category.locked.includes(channel);
  const label = t("channels.box", { category: nameOf(category), channel: t(`channels.${channel}`) });
  return (
    <label title={isLocked ? t("channels.locked") : undefined}>
      <input type="checkbox" aria-label={label} checked={category[channel]} disabled={isLocked} onChange={(event) => onChange({ ...category, [channel]: event.currentTarget.checked })} />
    </label>
  );
}

const nameOf = ({ category }: Category): string => (category === "*" ? t("channels.rest") : categoryOf(category));

function Matrix({ categories, onChange }: { categories: Category[]; onChange(to: Category[]): void }) {
  const change = (to: Category) => onChange(categories.map((one) => (one.category === to.category ? to : one)));
  return (
    <div class="table-frame">
      <table class="table channel-table">
        <thead>
          <tr>
            <th scope="col">{t("channels.category")}</th>
            {CHANNELS.map((channel) => (
              <th key={channel} scope="col">
                {t(`channels.${channel}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {categories.map((category) => (
            <tr key={category.category}>
              <td>
                <bdi>{nameOf(category)}</bdi>
              </td>
              {CHANNELS.map((channel) => (
                <td key={channel}>
                  <Box category={category} channel={channel} onChange={change} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface QuietProps {
  told: Told;
  wrong(name: string): string | undefined;
  onChange(to: Partial<Told>): void;
}

function Quiet({ told, wrong, onChange }: QuietProps) {
  const quiet = told.quiet_hours;
  const turn = (isOn: boolean) => onChange({ quiet_hours: isOn ? NIGHT : null, time_zone: told.time_zone ?? timeZone() });
  return (
    <div class="stack">
      <Choice isOn={quiet !== null && quiet !== undefined} onChoice={turn}>
        {t("channels.quiet")}
      </Choice>
      {quiet && (
        <div class="tiles">
          <TextField label={t("channels.quiet.from")} type="time" dir="ltr" value={quiet.from} onValue={(from) => onChange({ quiet_hours: { ...quiet, from } })} wrong={wrong("quiet_hours/from")} />
          <TextField label={t("channels.quiet.to")} type="time" dir="ltr" value={quiet.to} onValue={(to) => onChange({ quiet_hours: { ...quiet, to } })} wrong={wrong("quiet_hours/to")} />
          <SelectField
            label={t("preferences.zone")}
            value={told.time_zone ?? timeZone()}
            options={Intl.supportedValuesOf("timeZone").map((zone) => ({ value: zone, label: zone.replaceAll("_", " ") }))}
            onValue={(zone) => onChange({ time_zone: zone })}
            wrong={wrong("time_zone")}
          />
        </div>
      )}
      <p class="hint">{t("channels.urgent")}</p>
    </div>
  );
}

function Mails({ told, onChange }: { told: Told; onChange(to: Partial<Told>): void }) {
  const languages = [{ value: "", label: t("channels.language.browser") }, ...LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))];
  return (
    <div class="tiles">
      <SelectField label={t("channels.digest")} hint={t("channels.digest.says")} value={told.digest} options={DIGESTS.map((value) => ({ value, label: t(`channels.digest.${value}`) }))} onValue={(digest) => onChange({ digest: digest as Told["digest"] })} />
      <SelectField label={t("channels.language")} value={told.language ?? ""} options={languages} onValue={(value) => onChange({ language: (value || null) as Told["language"] })} />
    </div>
  );
}

function Editor({ loaded, first }: { loaded: Loaded<Told>; first: Told }) {
  const [told, setTold] = useState(first);
  const act = useAct(async () => {
    const categories = told.categories.map(({ category, email, push }) => ({ category, email, push }));
    const { language, time_zone, quiet_hours, digest } = told;
    const kept = await ask(api.PUT("/api/me/notification-preferences", { body: { language, time_zone, quiet_hours, digest, categories } }));
    loaded.put(() => kept);
    setTold(kept);
  });
  const change = (to: Partial<Told>) => setTold({ ...told, ...to });
  const isChanged = JSON.stringify(told) !== JSON.stringify(loaded.data);
  return (
    <Form act={act} fields={["quiet_hours/from", "quiet_hours/to", "time_zone"]} onDone={() => toast(t("saved"))}>
      <Card title={t("channels.which")} says={t("channels.which.says")} isBare>
        <Matrix categories={told.categories} onChange={(categories) => change({ categories })} />
      </Card>
      <Card title={t("channels.mails")}>
        <Mails told={told} onChange={change} />
      </Card>
      <Card title={t("channels.when")}>
        <Quiet told={told} wrong={(name) => wrongOf(act.problem, name)} onChange={change} />
      </Card>
      <div class="form-end">
        <Button type="submit" look="primary" isBusy={act.isBusy} disabled={!isChanged}>
          {t("save")}
        </Button>
        {isChanged && (
          <Button look="quiet" onClick={() => loaded.data && setTold(loaded.data)}>
            {t("channels.discard")}
          </Button>
        )}
      </div>
    </Form>
  );
}

export default function Channels() {
  const loaded = useLoad(() => ask(api.GET("/api/me/notification-preferences")));
  return (
    <Screen title={t("channels.title")} says={t("channels.says")}>
      <div class="settings">
        <Block loaded={loaded} skeleton={<Bones rows={6} />}>
          {(told) => <Editor loaded={loaded} first={told} />}
        </Block>
      </div>
    </Screen>
  );
}
