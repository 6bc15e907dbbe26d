/**
 * A cell that begins with `%%sql`, `%%r`, ... is edited in that language: colours, indentation,
 * brackets. JupyterLab 4 and Notebook 7 load this file as it stands: it is the container that
 * webpack's module federation would make of an extension, written by hand, since it needs nothing
 * but two of JupyterLab's own modules and so no build.
 */
(() => {
  const MAGIC = /^\s*%%([a-z_]\w*)/i;
  let shared;

  /** A module of JupyterLab's. */
  async function modules(name) {
    const versions = Object.values(shared[name]);
    return (await versions[0].get())();
  }

  /** Keeps the language of one notebook's cells. */
  class Languages {
    constructor(panel, mimeTypes) {
      this.panel = panel;
      this.mimeTypes = mimeTypes;
      this.named = {}; // by the magic's name; empty where the kernel is not Toree's
      this.known = new WeakSet();
      panel.context.sessionContext.kernelChanged.connect(() => this.learn());
      panel.content.modelContentChanged.connect(() => this.look());
      this.learn();
    }

    async learn() {
      const kernel = this.panel.context.sessionContext.session?.kernel;
      const info = kernel ? await kernel.info : undefined;
      this.named = info?.toree?.cells ?? {};
      this.usual = info && this.mimeTypes.getMimeTypeByLanguage(info.language_info);
      this.look();
    }

    look() {
      for (const cell of this.panel.content.widgets) {
        if (cell.model.type !== "code") continue;
        if (!this.known.has(cell.model)) {
          this.known.add(cell.model);
          // The notebook sets all cells to the kernel's language now and then.
          cell.model.mimeTypeChanged.connect(() => this.suit(cell.model));
        }
        this.suit(cell.model);
      }
    }

    suit(model) {
      if (!Object.keys(this.named).length) return;
      const name = MAGIC.exec(model.sharedModel.getSource())?.[1].toLowerCase();
      const language = this.named[name];
      const wanted = language ? this.mimeTypes.getMimeTypeByLanguage(language) : this.usual;
      if (wanted && model.mimeType !== wanted) model.mimeType = wanted;
    }
  }

  async function extension() {
    const { INotebookTracker } = await modules("@jupyterlab/notebook");
    const { IEditorServices } = await modules("@jupyterlab/codeeditor");
    return {
      __esModule: true,
      default: {
        id: "toree-cells:languages",
        description: "Cells in the language that their first line names.",
        autoStart: true,
        requires: [INotebookTracker, IEditorServices],
        activate: (app, notebooks, services) => {
          const seen = new WeakSet();
          const take = panel => {
            if (seen.has(panel)) return;
            seen.add(panel);
            panel.context.ready.then(() => new Languages(panel, services.mimeTypeService));
          };
          notebooks.forEach(take);
          notebooks.widgetAdded.connect((_, panel) => take(panel));
        },
      },
    };
  }

  (window._JUPYTERLAB ??= {})["toree-cells"] = {
    init: scope => {
      shared = scope;
    },
    get: async () => {
      const made = await extension();
      return () => made;
    },
  };
})();
