import { ChannelPanel } from "./channel-panel.ts"
import { ChatPanel } from "./chat-panel.ts"
import { DurablePanel } from "./durable-panel.ts"
import { find, setFact } from "./dom.ts"
import { InspectorPanel } from "./inspector/inspector-panel.ts"
import { RelayPanel } from "./relay-panel.ts"
import { RetryPanel } from "./retry-panel.ts"
import { startStandardPanel } from "./standard-panel.ts"
import { TabsPanel } from "./tabs-panel.ts"
import { Wire } from "./wire.ts"

setFact(document, "host", location.host)
startStandardPanel(find(document, "#standard"), new Wire(find(document, ".wire")))
void new RetryPanel(find(document, "#retry"))
void new ChatPanel(find(document, "#chat"))
void new RelayPanel(find(document, "#relay"))
void new ChannelPanel(find(document, "#channel"))
void new DurablePanel(find(document, "#durable")).begin()
void new InspectorPanel(find(document, "#inspector"))
void new TabsPanel(find(document, "#tabs"))
