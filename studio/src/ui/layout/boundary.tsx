/** A part of a page that breaks says so in its place, and leaves the rest of the page as it was. */
import { Bug } from "lucide-react";
import { Component, type ReactNode } from "react";
import { Button } from "@/ui/basics/button";
import { EmptyState } from "./empty";

interface Props {
  /** What broke, as a person calls it: "The canvas". */
  name: string;
  /** Something else is shown: what broke may draw again. */
  resetKey?: string | undefined;
  children: ReactNode;
}

export class Boundary extends Component<Props, { error: unknown; resetKey: string | undefined }> {
  override state = { error: null as unknown, resetKey: this.props.resetKey };

  static getDerivedStateFromError = (error: unknown) => ({ error });

  static getDerivedStateFromProps(props: Props, state: { resetKey: string | undefined }) {
    return props.resetKey === state.resetKey ? null : { error: null, resetKey: props.resetKey };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div role="alert">
        <EmptyState
          icon={Bug}
          title={`${this.props.name} broke`}
          action={
            <div className="empty-actions">
              <Button onClick={() => this.setState({ error: null })}>Try again</Button>
              <Button kind="primary" onClick={() => window.location.reload()}>
                Reload
              </Button>
            </div>
          }
        >
          {error instanceof Error ? error.message : "Something unexpected was thrown"}. This is an error of the studio,
          not of a workflow. Unsaved edits are kept in this browser, over a reload, too.
        </EmptyState>
      </div>
    );
  }
}
