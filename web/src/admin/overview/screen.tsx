// The overview: how Galen is, in one sentence.
import { api, ask } from "../../lib/api/client";
import { useLoad } from "../../lib/load";
import { wordsOf } from "../../lib/words";
import { Badge } from "../../ui/badge";
import { Block } from "../../ui/block";
import { Card } from "../../ui/card";
import { Screen } from "../../ui/screen";
import type en from "./en";

const t = wordsOf<typeof en>();

export default function Overview() {
  const health = useLoad(() => ask(api.GET("/api/admin/monitor/health")));
  return (
    <Screen title={t("overview.title")}>
      <Card title={t("overview.state")} says={t("overview.says")}>
        <Block loaded={health}>{({ ready }) => <Badge tone={ready ? "good" : "bad"}>{t(ready ? "overview.ready" : "overview.not_ready")}</Badge>}</Block>
      </Card>
    </Screen>
  );
}
